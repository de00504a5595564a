/* clean/mask_national.h: recognizers of identifiers that states and public bodies give out.
 *
 * One table of forms, each with its check digits, dates or reserved ranges. A form that other
 * numbers have too is weak: it counts near the words of its kind only. Sources: the publications
 * of the bodies that give the numbers out, named at each check in mask_check.c. */
#ifndef CLEAN_MASK_NATIONAL_H
#define CLEAN_MASK_NATIONAL_H

#include "clean/mask_find.h"

/* Places (letters in upper case, digits, a century mark) of a candidate, separators left out. */
struct mask_code {
    char places[24];
    size_t count;
    char separator; /* the first, 0 = none */
    bool grouped;   /* every separator is there, or those that are are no blanks */
    bool upper;     /* no letter was in lower case */
};

enum mask_strength {
    MASK_STRONG,  /* counts alone */
    MASK_GROUPED, /* counts alone when written in groups, with separators */
    MASK_WEAK     /* counts near a word of its kind */
};

struct mask_form {
    enum mask_kind kind;
    enum mask_strength strength;
    const char *pattern; /* d digit, l letter, x either, c century mark of Finland, _ a separator
                            that may be absent (all alike), anything else itself */
    bool (*check)(const struct mask_code *code); /* NULL = the form is all there is */
    bool glued;                                  /* may begin in the middle of a word */
};
extern const struct mask_form mask_forms[]; /* ends with a pattern NULL */

#define MASK_LEADS 20
/* The forms of the wanted kinds by how many digits (or letters) of one run they begin with, so that
 * a token is held against few of them. */
struct mask_plan {
    uint8_t count[2][MASK_LEADS];     /* of digits, of letters */
    uint8_t forms[2][MASK_LEADS][96]; /* places in mask_forms */
    uint8_t digits[96];               /* that the form has at least */
};
void mask_plan_make(const struct mask_set *kinds, struct mask_plan *ret);

/* Whether the form is at `first`; *ret_end behind it. */
bool mask_form_at(const struct mask_form *form, struct str text, size_t first,
                  struct mask_code *ret_code, size_t *ret_end);

/* ---- checks (mask_check.c) ---- */

bool check_luhn(const struct mask_code *code);
bool check_ssn(const struct mask_code *code);
bool check_itin(const struct mask_code *code);
bool check_mbi(const struct mask_code *code);
bool check_npi(const struct mask_code *code);
bool check_routing(const struct mask_code *code);
bool check_nhs(const struct mask_code *code);
bool check_nino(const struct mask_code *code);
bool check_uk_driver(const struct mask_code *code);
bool check_sin(const struct mask_code *code);
bool check_nif(const struct mask_code *code);
bool check_nie(const struct mask_code *code);
bool check_fiscal_form(const struct mask_code *code);
bool check_fiscal(const struct mask_code *code);
bool check_it_vat(const struct mask_code *code);
bool check_pesel(const struct mask_code *code);
bool check_nip(const struct mask_code *code);
bool check_nric(const struct mask_code *code);
bool check_abn(const struct mask_code *code);
bool check_acn(const struct mask_code *code);
bool check_tfn(const struct mask_code *code);
bool check_au_medicare(const struct mask_code *code);
bool check_pan(const struct mask_code *code);
bool check_aadhaar(const struct mask_code *code);
bool check_gstin(const struct mask_code *code);
bool check_hetu(const struct mask_code *code);
bool check_rrn(const struct mask_code *code);
bool check_brn(const struct mask_code *code);
bool check_kr_passport(const struct mask_code *code);
bool check_de_tax(const struct mask_code *code);
bool check_de_social(const struct mask_code *code);
bool check_de_card(const struct mask_code *code);
bool check_nir(const struct mask_code *code);
bool check_bsn(const struct mask_code *code);
bool check_nrn(const struct mask_code *code);
bool check_ahv(const struct mask_code *code);
bool check_svnr(const struct mask_code *code);
bool check_pnr(const struct mask_code *code);
bool check_cpr(const struct mask_code *code);
bool check_fnr(const struct mask_code *code);
bool check_rc(const struct mask_code *code);
bool check_pt_nif(const struct mask_code *code);
bool check_pps(const struct mask_code *code);
bool check_tckn(const struct mask_code *code);
bool check_cpf(const struct mask_code *code);
bool check_cnpj(const struct mask_code *code);
bool check_curp(const struct mask_code *code);
bool check_cn_id(const struct mask_code *code);
bool check_jp_number(const struct mask_code *code);
bool check_th_id(const struct mask_code *code);
bool check_il_id(const struct mask_code *code);
bool check_za_id(const struct mask_code *code);

#endif
