/* clean/mask_kinds.h: the kinds of personal data mask knows. */
#ifndef CLEAN_MASK_KINDS_H
#define CLEAN_MASK_KINDS_H

#include "base/err.h"
#include "base/setting.h"

/* In the order in which they win where two finds cover the same bytes. */
enum mask_kind {
    MASK_EMAIL,
    MASK_IBAN,
    MASK_CARD,
    MASK_MAC,
    MASK_IP,
    MASK_URL,
    MASK_CRYPTO,
    MASK_SSN,
    MASK_US_ITIN,
    MASK_US_MBI,
    MASK_US_NPI,
    MASK_US_ROUTING,
    MASK_US_PASSPORT,
    MASK_US_DRIVER,
    MASK_US_BANK,
    MASK_UK_NHS,
    MASK_UK_NINO,
    MASK_UK_DRIVER,
    MASK_UK_PASSPORT,
    MASK_CA_SIN,
    MASK_ES_NIF,
    MASK_ES_NIE,
    MASK_IT_FISCAL,
    MASK_IT_VAT,
    MASK_IT_DRIVER,
    MASK_IT_PASSPORT,
    MASK_IT_CARD,
    MASK_PL_PESEL,
    MASK_PL_NIP,
    MASK_SG_NRIC,
    MASK_SG_UEN,
    MASK_AU_ABN,
    MASK_AU_ACN,
    MASK_AU_TFN,
    MASK_AU_MEDICARE,
    MASK_IN_PAN,
    MASK_IN_AADHAAR,
    MASK_IN_GSTIN,
    MASK_IN_VOTER,
    MASK_IN_PASSPORT,
    MASK_IN_VEHICLE,
    MASK_FI_HETU,
    MASK_KR_RRN,
    MASK_KR_BRN,
    MASK_KR_DRIVER,
    MASK_KR_PASSPORT,
    MASK_DE_TAX,
    MASK_DE_SOCIAL,
    MASK_DE_CARD,
    MASK_FR_NIR,
    MASK_NL_BSN,
    MASK_BE_NRN,
    MASK_CH_AHV,
    MASK_AT_SVNR,
    MASK_SE_PNR,
    MASK_DK_CPR,
    MASK_NO_FNR,
    MASK_CZ_RC,
    MASK_PT_NIF,
    MASK_IE_PPS,
    MASK_TR_TCKN,
    MASK_BR_CPF,
    MASK_BR_CNPJ,
    MASK_MX_CURP,
    MASK_CN_ID,
    MASK_JP_NUMBER,
    MASK_TH_ID,
    MASK_IL_ID,
    MASK_ZA_ID,
    MASK_PHONE,
    MASK_DATE,
    MASK_PERSON,
    MASK_PLACE,
    MASK_ORGANIZATION,
    MASK_ADDRESS,
    MASK_NATIONALITY,
    MASK_TITLE,
    MASK_AGE,
    MASK_LISTED,
    MASK_KINDS
};
#define MASK_FIRST_NATIONAL MASK_SSN
#define MASK_LAST_NATIONAL  MASK_ZA_ID

struct mask_kind_info {
    const char *name;  /* "email", for settings and reports */
    const char *label; /* "EMAIL", for what replaces a find */
    const char *words; /* "ssn|social security": what speaks of it, in lower case */
};
extern const struct mask_kind_info mask_kinds[MASK_KINDS];

/* A set of kinds. */
struct mask_set {
    bool has[MASK_KINDS];
};
/* The set that `names` describe: names, globs ("us_*"), and the groups "identifiers" (everything
 * with a form of its own: the default, taken for an empty list), "national", "names" (person,
 * place, organization, address, nationality, title, age) and "all". Lists of one's own
 * are always looked for. STATUS_USAGE with the nearest name for a word that is none. */
MUST_CHECK enum status mask_set_of(const struct text_list *names, const struct yaml_node *node,
                                   struct mask_set *ret, struct err *err);

#endif
