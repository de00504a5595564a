/* clean/mask_check.c: check digits, dates and reserved ranges of national identifiers: America,
 * Asia, Australia. Europe is in mask_check_europe.c. */
#include "clean/mask_check.h"

/* ---- United States ---- */

/* Social Security Administration: no area 000, 666, 9xx, no group 00, no serial 0000; the two that
 * advertisements made known are nobody's. */
bool check_ssn(const struct mask_code *code)
{
    int area = number_in(code, 0, 3), group = number_in(code, 3, 2), serial = number_in(code, 5, 4);
    return area > 0 && area != 666 && area < 900 && group > 0 && serial > 0 && !all_alike(code) &&
           memcmp(code->places, "123456789", 9) != 0 && memcmp(code->places, "219099999", 9) != 0;
}

/* Internal Revenue Service, IRM 3.21.263: 9xx with the groups given out. */
bool check_itin(const struct mask_code *code)
{
    int group = number_in(code, 3, 2);
    return code->places[0] == '9' &&
           ((group >= 50 && group <= 65) || (group >= 70 && group <= 88) ||
            (group >= 90 && group <= 92) || (group >= 94 && group <= 99));
}

/* Centers for Medicare & Medicaid Services: letters without S, L, O, I, B, Z; first digit 1 ... 9.
 */
bool check_mbi(const struct mask_code *code)
{
    for (size_t i = 0; i < code->count; i++)
        if (strchr("SLOIBZ", code->places[i]) != NULL) return false;
    return code->places[0] != '0' && code->upper;
}

/* Luhn over 80840 and the number (ISO/IEC 7812, prefix of health in the United States). */
bool check_npi(const struct mask_code *code)
{
    if (code->places[0] != '1' && code->places[0] != '2') return false;
    return (luhn_sum(code->places, code->count) + 24) % 10 == 0;
}

/* American Bankers Association: 3 7 1, and the ranges of the Federal Reserve. */
bool check_routing(const struct mask_code *code)
{
    int range = number_in(code, 0, 2);
    bool known =
        range <= 12 || (range >= 21 && range <= 32) || (range >= 61 && range <= 72) || range == 80;
    return known && !all_alike(code) && weighted(code, 0, "371371371", 9) % 10 == 0;
}

/* ---- Canada ---- */

/* Luhn; none begins with 0 or 8. */
bool check_sin(const struct mask_code *code)
{
    return code->places[0] != '0' && code->places[0] != '8' && !all_alike(code) && check_luhn(code);
}

/* ---- Australia ---- */

/* Australian Business Register: weights 10, 1, 3 ... 19 after one off the first digit, modulo 89.
 */
bool check_abn(const struct mask_code *code)
{
    int sum = (digit(code, 0) - 1) * 10;
    for (size_t i = 1; i < 11; i++)
        sum += digit(code, i) * (2 * (int)i - 1);
    return code->places[0] != '0' && sum % 89 == 0;
}

/* Australian Securities and Investments Commission: weights 8 ... 1, complement to 10. */
bool check_acn(const struct mask_code *code)
{
    return (10 - weighted(code, 0, "87654321", 8) % 10) % 10 == digit(code, 8);
}

/* Australian Taxation Office: weights 1 4 3 7 5 8 6 9 10, modulo 11. */
bool check_tfn(const struct mask_code *code)
{
    return (weighted(code, 0, "14375869", 8) + 10 * digit(code, 8)) % 11 == 0 && !all_alike(code);
}

/* Services Australia: begins with 2 ... 6, weights 1 3 7 9, the ninth digit is the check. */
bool check_au_medicare(const struct mask_code *code)
{
    return code->places[0] >= '2' && code->places[0] <= '6' &&
           weighted(code, 0, "13791379", 8) % 10 == digit(code, 8);
}

/* ---- India ---- */

/* Income Tax Department: the fourth letter is the kind of holder. */
bool check_pan(const struct mask_code *code)
{
    return strchr("ABCFGHJLPT", code->places[3]) != NULL && code->upper;
}

/* Verhoeff's check over the dihedral group D5, walked from the right. */
static bool verhoeff(const struct mask_code *code)
{
    static const char product[10][11] = {"0123456789", "1234067895", "2340178956", "3401289567",
                                         "4012395678", "5987604321", "6598710432", "7659821043",
                                         "8765932104", "9876543210"};
    static const char turn[8][11] = {"0123456789", "1576283094", "5803796142", "8916043527",
                                     "9453126870", "4286573901", "2793806415", "7046913258"};
    int check = 0;
    for (size_t i = 0; i < code->count; i++)
        check = product[check][turn[i % 8][digit(code, code->count - 1 - i)] - '0'] - '0';
    return check == 0;
}

/* Unique Identification Authority of India: none begins with 0 or 1, no palindrome. */
bool check_aadhaar(const struct mask_code *code)
{
    bool palindrome = true;
    for (size_t i = 0; i < code->count; i++)
        palindrome = palindrome && code->places[i] == code->places[code->count - 1 - i];
    return code->places[0] >= '2' && !palindrome && verhoeff(code);
}

static int value_36(char c)
{
    return is_digit(c) ? c - '0' : c - 'A' + 10;
}

/* Goods and Services Tax Network: state, PAN, Z, and a check in base 36. */
bool check_gstin(const struct mask_code *code)
{
    int sum = 0, state = number_in(code, 0, 2);
    for (size_t i = 0; i < 14; i++) {
        int product = value_36(code->places[i]) * (i % 2 == 0 ? 1 : 2);
        sum += product / 36 + product % 36;
    }
    return state >= 1 && state <= 38 && (36 - sum % 36) % 36 == value_36(code->places[14]);
}

/* ---- Singapore ---- */

/* Immigration & Checkpoints Authority: weights 2 7 6 5 4 3 2, an offset and letters by series. */
bool check_nric(const struct mask_code *code)
{
    static const char *const letters[] = {"JZIHGFEDCBA", "XWUTRQPNMLK", "XWUTRQPNJLK"};
    char series = code->places[0];
    if (strchr("STFGM", series) == NULL) return false;
    int sum = weighted(code, 1, "2765432", 7);
    sum += series == 'T' || series == 'G' ? 4 : series == 'M' ? 3 : 0;
    size_t kind = series == 'S' || series == 'T' ? 0 : series == 'M' ? 2 : 1;
    return letters[kind][series == 'M' ? 10 - sum % 11 : sum % 11] == code->places[8];
}

/* ---- Korea ---- */

/* A date and the digit of sex and century. The check digit is not held against newer ones: those
 * given out since October 2020 have none. */
bool check_rrn(const struct mask_code *code)
{
    return code->places[6] >= '1' && code->places[6] <= '8' && is_short_date(code, 0, "ymd");
}

/* National Tax Service: weights 1 3 7 1 3 7 1 3 5 and the tens of the last product. */
bool check_brn(const struct mask_code *code)
{
    int sum = weighted(code, 0, "137137135", 9) + digit(code, 8) * 5 / 10;
    return (10 - sum % 10) % 10 == digit(code, 9);
}

bool check_kr_passport(const struct mask_code *code)
{
    return strchr("MSRODG", code->places[0]) != NULL;
}

/* ---- China, Japan, Thailand ---- */

/* GB 11643-1999: a date in the middle, ISO 7064 mod 11-2. */
bool check_cn_id(const struct mask_code *code)
{
    int rest = 0;
    for (size_t i = 0; i < 17; i++) {
        if (!is_digit(code->places[i])) return false;
        rest = (rest + digit(code, i)) * 2 % 11;
    }
    rest = (12 - rest) % 11;
    return code->places[17] == (rest == 10 ? 'X' : '0' + rest) &&
           is_date(number_in(code, 6, 4), number_in(code, 10, 2), number_in(code, 12, 2));
}

/* Ministry of Internal Affairs and Communications, ordinance 85 of 2014, article 5. */
bool check_jp_number(const struct mask_code *code)
{
    int rest = weighted(code, 0, "65432765432", 11) % 11;
    return digit(code, 11) == (rest <= 1 ? 0 : 11 - rest) && !all_alike(code);
}

/* Weights 13 ... 2, complement of modulo 11. */
bool check_th_id(const struct mask_code *code)
{
    int sum = 0;
    for (size_t i = 0; i < 12; i++)
        sum += digit(code, i) * (13 - (int)i);
    return code->places[0] != '0' && (11 - sum % 11) % 10 == digit(code, 12);
}

/* ---- Israel, South Africa ---- */

bool check_il_id(const struct mask_code *code)
{
    return check_luhn(code) && !all_alike(code);
}

bool check_za_id(const struct mask_code *code)
{
    return code->places[10] <= '2' && is_short_date(code, 0, "ymd") && check_luhn(code);
}

/* ---- Brazil, Mexico ---- */

/* One of two check digits: falling weights that start with `first`, modulo 11, 10 and 11 as 0. */
static int brazilian(const struct mask_code *code, size_t count, int first, int last)
{
    int sum = 0, weight = first;
    for (size_t i = 0; i < count; i++) {
        sum += digit(code, i) * weight;
        weight = weight == 2 ? last : weight - 1;
    }
    return sum % 11 < 2 ? 0 : 11 - sum % 11;
}

/* Receita Federal. */
bool check_cpf(const struct mask_code *code)
{
    return !all_alike(code) && digit(code, 9) == brazilian(code, 9, 10, 9) &&
           digit(code, 10) == brazilian(code, 10, 11, 9);
}

bool check_cnpj(const struct mask_code *code)
{
    return !all_alike(code) && digit(code, 12) == brazilian(code, 12, 5, 9) &&
           digit(code, 13) == brazilian(code, 13, 6, 9);
}

/* Registro Nacional de Poblacion: a date, H, M or X, base 37 with an N with tilde behind N. */
bool check_curp(const struct mask_code *code)
{
    int sum = 0;
    for (size_t i = 0; i < 17; i++) {
        int value = value_36(code->places[i]);
        sum += (value > 23 ? value + 1 : value) * (18 - (int)i);
    }
    return strchr("HMX", code->places[10]) != NULL && is_short_date(code, 4, "ymd") &&
           (10 - sum % 10) % 10 == digit(code, 17);
}
