/* clean/mask_national.c: the forms of national identifiers. */
#include "clean/mask_national.h"

/* ---- table ---- */

const struct mask_form mask_forms[] = {
    {MASK_SSN, MASK_GROUPED, "ddd_dd_dddd", check_ssn, false},
    {MASK_US_ITIN, MASK_GROUPED, "ddd_dd_dddd", check_itin, false},
    {MASK_US_MBI, MASK_STRONG, "dlxd_lxd_lldd", check_mbi, false},
    {MASK_US_NPI, MASK_WEAK, "dddddddddd", check_npi, false},
    {MASK_US_ROUTING, MASK_WEAK, "ddddddddd", check_routing, false},
    {MASK_US_PASSPORT, MASK_WEAK, "lddddddddd", NULL, false},
    {MASK_US_PASSPORT, MASK_WEAK, "ldddddddd", NULL, false},
    {MASK_US_PASSPORT, MASK_WEAK, "ddddddddd", NULL, false},
    {MASK_UK_NHS, MASK_WEAK, "ddd_ddd_dddd", check_nhs, false},
    {MASK_UK_NINO, MASK_STRONG, "ll_dd_dd_dd_l", check_nino, false},
    {MASK_UK_NINO, MASK_STRONG, "lldddddd_l", check_nino, false},
    {MASK_UK_DRIVER, MASK_STRONG, "lxxxxddddddxxxll", check_uk_driver, false},
    {MASK_UK_PASSPORT, MASK_WEAK, "lddddddddd", NULL, false},
    {MASK_UK_PASSPORT, MASK_WEAK, "ddddddddd", NULL, false},
    {MASK_CA_SIN, MASK_WEAK, "ddd_ddd_ddd", check_sin, false},
    {MASK_ES_NIF, MASK_STRONG, "dddddddd_l", check_nif, false},
    {MASK_ES_NIF, MASK_WEAK, "ddddddd_l", check_nif, false},
    {MASK_ES_NIE, MASK_STRONG, "l_ddddddd_l", check_nie, false},
    {MASK_IT_FISCAL, MASK_STRONG, "llllllxxlxxlxxxl", check_fiscal, false},
    {MASK_IT_FISCAL, MASK_WEAK, "llllllxxlxxlxxxl", check_fiscal_form, false},
    {MASK_IT_VAT, MASK_STRONG, "ITddddddddddd", NULL, false},
    {MASK_IT_VAT, MASK_WEAK, "ddddddddddd", check_it_vat, false},
    {MASK_IT_DRIVER, MASK_WEAK, "llddddddddl", NULL, false},
    {MASK_IT_DRIVER, MASK_WEAK, "ll_ddddddd_l", NULL, false},
    {MASK_IT_DRIVER, MASK_WEAK, "U1xxxxxxxl", NULL, false},
    {MASK_IT_PASSPORT, MASK_WEAK, "llddddddd", NULL, false},
    {MASK_IT_CARD, MASK_WEAK, "lldddddll", NULL, false},
    {MASK_IT_CARD, MASK_WEAK, "dddddddll", NULL, false},
    {MASK_IT_CARD, MASK_WEAK, "ll_ddddddd", NULL, false},
    {MASK_PL_PESEL, MASK_WEAK, "ddddddddddd", check_pesel, false},
    {MASK_PL_NIP, MASK_WEAK, "ddd_ddd_dd_dd", check_nip, false},
    {MASK_SG_NRIC, MASK_STRONG, "ldddddddl", check_nric, false},
    {MASK_SG_NRIC, MASK_WEAK, "ldddddddl", NULL, false},
    {MASK_SG_UEN, MASK_WEAK, "dddddddddl", NULL, false},
    {MASK_SG_UEN, MASK_WEAK, "ddddddddl", NULL, false},
    {MASK_SG_UEN, MASK_WEAK, "lddllddddl", NULL, false},
    {MASK_AU_ABN, MASK_GROUPED, "dd_ddd_ddd_ddd", check_abn, false},
    {MASK_AU_ACN, MASK_WEAK, "ddd_ddd_ddd", check_acn, false},
    {MASK_AU_TFN, MASK_WEAK, "ddd_ddd_ddd", check_tfn, false},
    {MASK_AU_MEDICARE, MASK_WEAK, "dddd_ddddd_d", check_au_medicare, false},
    {MASK_IN_PAN, MASK_STRONG, "lllllddddl", check_pan, false},
    {MASK_IN_AADHAAR, MASK_GROUPED, "dddd_dddd_dddd", check_aadhaar, false},
    {MASK_IN_GSTIN, MASK_STRONG, "ddlllllddddlxZx", check_gstin, false},
    {MASK_IN_VOTER, MASK_WEAK, "lllddddddd", NULL, false},
    {MASK_IN_PASSPORT, MASK_WEAK, "lddddddd", NULL, false},
    {MASK_IN_VEHICLE, MASK_WEAK, "lldd_ll_dddd", NULL, false},
    {MASK_IN_VEHICLE, MASK_WEAK, "lldd_l_dddd", NULL, false},
    {MASK_FI_HETU, MASK_STRONG, "ddddddcdddx", check_hetu, true},
    {MASK_KR_RRN, MASK_STRONG, "dddddd-ddddddd", check_rrn, false},
    {MASK_KR_RRN, MASK_WEAK, "ddddddddddddd", check_rrn, false},
    {MASK_KR_BRN, MASK_WEAK, "ddd_dd_ddddd", check_brn, false},
    {MASK_KR_DRIVER, MASK_WEAK, "dd-dd-dddddd-dd", NULL, false},
    {MASK_KR_PASSPORT, MASK_WEAK, "lxxxddddd", check_kr_passport, false},
    {MASK_DE_TAX, MASK_WEAK, "ddddddddddd", check_de_tax, false},
    {MASK_DE_TAX, MASK_WEAK, "dd_ddd_ddd_ddd", check_de_tax, false},
    {MASK_DE_SOCIAL, MASK_STRONG, "dd_dddddd_l_ddd", check_de_social, false},
    {MASK_DE_SOCIAL, MASK_STRONG, "ddddddddlddd", check_de_social, false},
    {MASK_DE_CARD, MASK_WEAK, "lxxxxxxxxd", check_de_card, false},
    {MASK_DE_CARD, MASK_WEAK, "lxxxxxxxx", check_de_card, false},
    {MASK_FR_NIR, MASK_STRONG, "d_dd_dd_dd_ddd_ddd_dd", check_nir, false},
    {MASK_NL_BSN, MASK_WEAK, "ddd_ddd_ddd", check_bsn, false},
    {MASK_NL_BSN, MASK_WEAK, "dddd_dd_ddd", check_bsn, false},
    {MASK_BE_NRN, MASK_STRONG, "dd.dd.dd-ddd.dd", check_nrn, false},
    {MASK_BE_NRN, MASK_WEAK, "ddddddddddd", check_nrn, false},
    {MASK_CH_AHV, MASK_STRONG, "756_dddd_dddd_dd", check_ahv, false},
    {MASK_AT_SVNR, MASK_WEAK, "dddd_dddddd", check_svnr, false},
    {MASK_SE_PNR, MASK_STRONG, "dddddd-dddd", check_pnr, false},
    {MASK_SE_PNR, MASK_STRONG, "dddddd+dddd", check_pnr, false},
    {MASK_SE_PNR, MASK_STRONG, "dddddddd-dddd", check_pnr, false},
    {MASK_SE_PNR, MASK_WEAK, "dddddddddddd", check_pnr, false},
    {MASK_DK_CPR, MASK_WEAK, "dddddd_dddd", check_cpr, false},
    {MASK_NO_FNR, MASK_STRONG, "dddddd_ddddd", check_fnr, false},
    {MASK_CZ_RC, MASK_STRONG, "dddddd/dddd", check_rc, false},
    {MASK_CZ_RC, MASK_WEAK, "dddddddddd", check_rc, false},
    {MASK_PT_NIF, MASK_WEAK, "ddd_ddd_ddd", check_pt_nif, false},
    {MASK_IE_PPS, MASK_WEAK, "dddddddll", check_pps, false},
    {MASK_IE_PPS, MASK_WEAK, "dddddddl", check_pps, false},
    {MASK_TR_TCKN, MASK_WEAK, "ddddddddddd", check_tckn, false},
    {MASK_BR_CPF, MASK_STRONG, "ddd.ddd.ddd-dd", check_cpf, false},
    {MASK_BR_CPF, MASK_WEAK, "ddddddddddd", check_cpf, false},
    {MASK_BR_CNPJ, MASK_STRONG, "dd.ddd.ddd/dddd-dd", check_cnpj, false},
    {MASK_BR_CNPJ, MASK_WEAK, "dddddddddddddd", check_cnpj, false},
    {MASK_MX_CURP, MASK_STRONG, "llllddddddllllllxd", check_curp, false},
    {MASK_CN_ID, MASK_STRONG, "dddddddddddddddddx", check_cn_id, false},
    {MASK_JP_NUMBER, MASK_WEAK, "dddd_dddd_dddd", check_jp_number, false},
    {MASK_TH_ID, MASK_GROUPED, "d_dddd_ddddd_dd_d", check_th_id, false},
    {MASK_IL_ID, MASK_WEAK, "ddddddddd", check_il_id, false},
    {MASK_ZA_ID, MASK_WEAK, "ddddddddddddd", check_za_id, false},
    {0}};

/* ---- plan ---- */

/* Whether a run of exactly `size` digits (letters) can begin the pattern. */
static bool may_lead(const char *pattern, size_t size, bool letters)
{
    size_t run = 0;
    for (const char *want = pattern; *want != '\0'; want++) {
        bool fits = *want == 'x' || (letters ? *want == 'l' || (*want >= 'A' && *want <= 'Z')
                                             : *want == 'd' || is_digit(*want));
        bool may_end = run == size && (*want == '_' || *want == 'x' || !fits);
        if (*want == 'c') may_end = run == size;
        if (may_end) return true;
        if (*want == '_') continue;
        if (!fits) return false;
        run++;
    }
    return run == size;
}

static size_t digits_in(const char *pattern)
{
    size_t digits = 0;
    for (; *pattern != '\0'; pattern++)
        digits += *pattern == 'd' || is_digit(*pattern);
    return digits;
}

void mask_plan_make(const struct mask_set *kinds, struct mask_plan *ret)
{
    *ret = (struct mask_plan){0};
    for (size_t i = 0; mask_forms[i].pattern != NULL; i++) {
        const char *pattern = mask_forms[i].pattern;
        bool letters = pattern[0] != 'd' && !is_digit(pattern[0]);
        if (!kinds->has[mask_forms[i].kind]) continue;
        ret->digits[i] = (uint8_t)digits_in(pattern);
        for (size_t size = 1; size < MASK_LEADS; size++)
            if (may_lead(pattern, size, letters))
                ret->forms[letters][size][ret->count[letters][size]++] = (uint8_t)i;
    }
}

/* ---- matching ---- */

static bool is_separator(char c)
{
    return c == ' ' || c == '-' || c == '.' || c == ':';
}

static bool is_century(char c)
{
    return c == '-' || c == '+' || (c >= 'A' && c <= 'F') || (c >= 'U' && c <= 'Y');
}

/* A separator that may be absent; those present are alike. */
static size_t skip_separator(struct str text, size_t at, struct mask_code *code)
{
    char c = peek(text, at);
    if (!is_separator(c)) return at;
    if (code->separator == 0) code->separator = c;
    return code->separator == c ? at + 1 : at;
}

static char to_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}

static bool place_fits(char want, char c)
{
    switch (want) {
    case 'd': return is_digit(c);
    case 'l': return is_letter(c);
    case 'x': return is_letter(c) || is_digit(c);
    case 'c': return is_century(c);
    default: return to_upper(c) == want;
    }
}

/* The number goes on: what was read is a part of something else. */
static bool goes_on(struct str text, size_t end, char separator)
{
    char c = peek(text, end), behind = peek(text, end + 1);
    if (is_word(c)) return true;
    return is_digit(behind) && (c == '-' || c == '.' || c == '/' || (c == ' ' && separator == ' '));
}

bool mask_form_at(const struct mask_form *form, struct str text, size_t first,
                  struct mask_code *ret_code, size_t *ret_end)
{
    struct mask_code
        code; /* places are written before they are read: most candidates end at once */
    size_t at = first, missing = 0;
    code.count = 0;
    code.separator = 0;
    code.upper = true;
    for (const char *want = form->pattern; *want != '\0'; want++) {
        if (*want == '_') {
            size_t behind = skip_separator(text, at, &code);
            missing += behind == at;
            at = behind;
            continue;
        }
        char c = peek(text, at);
        if (!place_fits(*want, c)) return false;
        at++;
        if (is_letter(c) || is_digit(c) || *want == 'c') {
            if (c >= 'a' && c <= 'z') code.upper = false;
            code.places[code.count++] = to_upper(c);
        } else {
            code.separator = c;
        }
    }
    code.grouped = code.separator != 0 && (missing == 0 || code.separator != ' ');
    if (goes_on(text, at, code.separator)) return false;
    if (first >= 2 && is_digit(text.data[first - 2]) &&
        strchr("-./:", text.data[first - 1]) != NULL)
        return false;
    *ret_code = code;
    *ret_end = at;
    return form->check == NULL || form->check(&code);
}
