/* clean/mask_kinds.c: the kinds of personal data mask knows, and how a recipe names them. */
#include "clean/mask_kinds.h"

#include "base/yaml.h"

#include <fnmatch.h>

const struct mask_kind_info mask_kinds[MASK_KINDS] = {
    [MASK_EMAIL] = {"email", "EMAIL", "mail"},
    [MASK_IBAN] = {"iban", "IBAN", "iban|account"},
    [MASK_CARD] = {"card", "CARD", "card|credit|debit|visa|mastercard|amex"},
    [MASK_MAC] = {"mac", "MAC", "mac"},
    [MASK_IP] = {"ip", "IP", "ip|address"},
    [MASK_URL] = {"url", "URL", "url|site|website|web|domain"},
    [MASK_CRYPTO] = {"crypto", "CRYPTO", "wallet|btc|bitcoin|ethereum|crypto"},
    [MASK_SSN] = {"ssn", "SSN", "ssn|ssns|social security|socialsecurity|us_ssn"},
    [MASK_US_ITIN] = {"us_itin", "US_ITIN", "itin|taxpayer|tax id|tax_id"},
    [MASK_US_MBI] = {"us_mbi", "US_MBI", "mbi|medicare|beneficiary"},
    [MASK_US_NPI] = {"us_npi", "US_NPI", "npi|provider"},
    [MASK_US_ROUTING] = {"us_routing", "US_ROUTING", "aba|routing|rtn|transit"},
    [MASK_US_PASSPORT] = {"us_passport", "US_PASSPORT", "passport|travel document"},
    [MASK_US_DRIVER] =
        {"us_driver", "US_DRIVER",
         "driver's|drivers license|driver license|driving licen|dl number|license|licence"},
    [MASK_US_BANK] = {"us_bank", "US_BANK", "bank|account|acct|saving|savings|checking|deposit"},
    [MASK_UK_NHS] = {"uk_nhs", "UK_NHS", "nhs|national health|health service"},
    [MASK_UK_NINO] = {"uk_nino", "UK_NINO", "national insurance|nino|ni number"},
    [MASK_UK_DRIVER] = {"uk_driver", "UK_DRIVER", "driver|driving|dvla|licence"},
    [MASK_UK_PASSPORT] = {"uk_passport", "UK_PASSPORT", "passport|hmpo"},
    [MASK_CA_SIN] = {"ca_sin", "CA_SIN", "sin|social insurance|nas"},
    [MASK_ES_NIF] = {"es_nif", "ES_NIF", "nif|dni|documento|identificaci"},
    [MASK_ES_NIE] = {"es_nie", "ES_NIE", "nie|extranjero|documento"},
    [MASK_IT_FISCAL] = {"it_fiscal", "IT_FISCAL", "codice fiscale|fiscal|fiscale"},
    [MASK_IT_VAT] = {"it_vat", "IT_VAT", "partita iva|piva|p.iva|iva|vat"},
    [MASK_IT_DRIVER] = {"it_driver", "IT_DRIVER", "patente|guida"},
    [MASK_IT_PASSPORT] = {"it_passport", "IT_PASSPORT", "passaporto|passport"},
    [MASK_IT_CARD] = {"it_card", "IT_CARD", "carta d'identit|carta identit|documento|cie"},
    [MASK_PL_PESEL] = {"pl_pesel", "PL_PESEL", "pesel"},
    [MASK_PL_NIP] = {"pl_nip", "PL_NIP", "nip"},
    [MASK_SG_NRIC] = {"sg_nric", "SG_NRIC", "nric|fin|singapore"},
    [MASK_SG_UEN] = {"sg_uen", "SG_UEN", "uen|entity number"},
    [MASK_AU_ABN] = {"au_abn", "AU_ABN", "abn|business number"},
    [MASK_AU_ACN] = {"au_acn", "AU_ACN", "acn|company number"},
    [MASK_AU_TFN] = {"au_tfn", "AU_TFN", "tfn|tax file"},
    [MASK_AU_MEDICARE] = {"au_medicare", "AU_MEDICARE", "medicare"},
    [MASK_IN_PAN] = {"in_pan", "IN_PAN", "pan|permanent account"},
    [MASK_IN_AADHAAR] = {"in_aadhaar", "IN_AADHAAR", "aadhaar|aadhar|uidai|uid"},
    [MASK_IN_GSTIN] = {"in_gstin", "IN_GSTIN", "gstin|gst"},
    [MASK_IN_VOTER] = {"in_voter", "IN_VOTER", "voter|epic|election"},
    [MASK_IN_PASSPORT] = {"in_passport", "IN_PASSPORT", "passport"},
    [MASK_IN_VEHICLE] = {"in_vehicle", "IN_VEHICLE", "vehicle|registration|rto|plate"},
    [MASK_FI_HETU] = {"fi_hetu", "FI_HETU", "hetu|henkil|personal identity"},
    [MASK_KR_RRN] = {"kr_rrn", "KR_RRN", "rrn|resident registration|foreigner"},
    [MASK_KR_BRN] = {"kr_brn", "KR_BRN", "brn|business registration"},
    [MASK_KR_DRIVER] = {"kr_driver", "KR_DRIVER", "driver|driving|licen"},
    [MASK_KR_PASSPORT] = {"kr_passport", "KR_PASSPORT", "passport"},
    [MASK_DE_TAX] = {"de_tax", "DE_TAX",
                     "steuer|idnr|tin|tax|steuer-id|steueridentifikationsnummer"},
    [MASK_DE_SOCIAL] = {"de_social", "DE_SOCIAL",
                        "sozialversicherung|rentenversicherung|svnr|versicherungsnummer"},
    [MASK_DE_CARD] = {"de_card", "DE_CARD", "ausweis|personalausweis|passport|reisepass|pass"},
    [MASK_FR_NIR] = {"fr_nir", "FR_NIR",
                     "nir|insee|s\303\251curit\303\251 sociale|securite sociale"},
    [MASK_NL_BSN] = {"nl_bsn", "NL_BSN", "bsn|burgerservice|sofi"},
    [MASK_BE_NRN] = {"be_nrn", "BE_NRN", "rijksregister|registre national|nrn|insz|niss"},
    [MASK_CH_AHV] = {"ch_ahv", "CH_AHV", "ahv|avs"},
    [MASK_AT_SVNR] = {"at_svnr", "AT_SVNR", "svnr|sozialversicherung|versicherungsnummer"},
    [MASK_SE_PNR] = {"se_pnr", "SE_PNR", "personnummer|pnr|samordningsnummer"},
    [MASK_DK_CPR] = {"dk_cpr", "DK_CPR", "cpr|personnummer"},
    [MASK_NO_FNR] = {"no_fnr", "NO_FNR", "f\303\270dselsnummer|fodselsnummer|personnummer|fnr"},
    [MASK_CZ_RC] = {"cz_rc", "CZ_RC", "rodn|rc"},
    [MASK_PT_NIF] = {"pt_nif", "PT_NIF", "nif|contribuinte"},
    [MASK_IE_PPS] = {"ie_pps", "IE_PPS", "pps|ppsn"},
    [MASK_TR_TCKN] = {"tr_tckn", "TR_TCKN", "tckn|kimlik|tc no"},
    [MASK_BR_CPF] = {"br_cpf", "BR_CPF", "cpf"},
    [MASK_BR_CNPJ] = {"br_cnpj", "BR_CNPJ", "cnpj"},
    [MASK_MX_CURP] = {"mx_curp", "MX_CURP", "curp"},
    [MASK_CN_ID] = {"cn_id", "CN_ID", "resident identity|id number|\350\272\253\344\273\275"},
    [MASK_JP_NUMBER] = {"jp_number", "JP_NUMBER",
                        "my "
                        "number|mynumber|"
                        "\343\203\236\343\202\244\343\203\212\343\203\263\343\203\220\343\203\274"},
    [MASK_TH_ID] = {"th_id", "TH_ID", "tnin|thai|citizen id|national id"},
    [MASK_IL_ID] = {"il_id", "IL_ID", "teudat|israel|id number"},
    [MASK_ZA_ID] = {"za_id", "ZA_ID", "south africa|said|identity number|id number"},
    [MASK_PHONE] = {"phone", "PHONE", ""},
    [MASK_DATE] = {"date", "DATE", "born|birth|dob|date|birthday"},
    [MASK_PERSON] = {"person", "PERSON", ""},
    [MASK_PLACE] = {"place", "PLACE", ""},
    [MASK_ORGANIZATION] = {"organization", "ORGANIZATION", ""},
    [MASK_ADDRESS] = {"address", "ADDRESS", ""},
    [MASK_NATIONALITY] = {"nationality", "NATIONALITY", ""},
    [MASK_TITLE] = {"title", "TITLE", ""},
    [MASK_AGE] = {"age", "AGE", ""},
    [MASK_LISTED] = {"listed", "LISTED", ""},
};

/* ---- sets ---- */

static bool in_group(const char *group, enum mask_kind kind)
{
    if (strcmp(group, "all") == 0) return true;
    if (strcmp(group, "identifiers") == 0) return kind < MASK_DATE;
    if (strcmp(group, "national") == 0)
        return kind >= MASK_FIRST_NATIONAL && kind <= MASK_LAST_NATIONAL;
    return strcmp(group, "names") == 0 && kind >= MASK_PERSON && kind < MASK_LISTED;
}

static bool add_matching(struct mask_set *set, const char *name)
{
    bool any = false;
    for (enum mask_kind kind = 0; kind < MASK_KINDS; kind++)
        if (in_group(name, kind) || fnmatch(name, mask_kinds[kind].name, 0) == 0)
            any = set->has[kind] = true;
    return any;
}

static const char *name_at(const void *kinds, size_t index)
{
    return ((const struct mask_kind_info *)kinds)[index].name;
}

enum status mask_set_of(const struct text_list *names, const struct yaml_node *node,
                        struct mask_set *ret, struct err *err)
{
    *ret = (struct mask_set){0};
    if (names->count == 0) add_matching(ret, "identifiers");
    for (size_t i = 0; i < names->count; i++) {
        if (add_matching(ret, names->items[i])) continue;
        const char *near = nearest_name(str_of(names->items[i]), MASK_KINDS, name_at, mask_kinds);
        fail_at(node, err, "there is no kind \"%s\"%s%s%s", names->items[i],
                near == NULL ? "" : ", did you mean \"", near == NULL ? "" : near,
                near == NULL ? "" : "\"");
        err_hint(err, "kinds are email, iban, card, mac, ip, url, crypto, phone, date, national "
                      "(ssn, us_*, uk_*, es_nif ...), names (person, place ...), identifiers, all");
        return STATUS_USAGE;
    }
    ret->has[MASK_LISTED] = true;
    return STATUS_OK;
}
