/* clean/mask_check_europe.c: check digits, dates and reserved ranges of Europe's national
 * identifiers, and what all checks are made of. */
#include "clean/mask_check.h"

/* ---- parts ---- */

int number_in(const struct mask_code *code, size_t at, size_t size)
{
    int value = 0;
    for (size_t i = 0; i < size; i++)
        value = value * 10 + digit(code, at + i);
    return value;
}

int weighted(const struct mask_code *code, size_t at, const char *weights, size_t count)
{
    int sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += digit(code, at + i) * (weights[i] - '0');
    return sum;
}

bool all_alike(const struct mask_code *code)
{
    for (size_t i = 1; i < code->count; i++)
        if (code->places[i] != code->places[0]) return false;
    return true;
}

int luhn_sum(const char *digits, size_t count)
{
    int sum = 0;
    for (size_t i = 0; i < count; i++) {
        int value = digits[count - 1 - i] - '0';
        if (i % 2 == 1) value = value * 2 > 9 ? value * 2 - 9 : value * 2;
        sum += value;
    }
    return sum;
}

bool check_luhn(const struct mask_code *code)
{
    return luhn_sum(code->places, code->count) % 10 == 0;
}

int remainder_of(const char *places, size_t count, int by)
{
    int rest = 0;
    for (size_t i = 0; i < count; i++)
        rest = is_digit(places[i]) ? (rest * 10 + places[i] - '0') % by
                                   : (rest * 100 + places[i] - 'A' + 10) % by;
    return rest;
}

bool is_date(int year, int month, int day)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12 || day < 1 || year < 1800 || year > 2100) return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day <= days[month - 1] + (month == 2 && leap);
}

bool is_short_date(const struct mask_code *code, size_t at, const char *order)
{
    int year = number_in(code, at + (order[0] == 'y' ? 0 : 4), 2);
    int month = number_in(code, at + 2, 2);
    int day = number_in(code, at + (order[0] == 'y' ? 4 : 0), 2);
    return is_date(1900 + year, month, day) || is_date(2000 + year, month, day);
}

/* ---- United Kingdom ---- */

/* NHS data dictionary: weights 10 ... 2, modulo 11. */
bool check_nhs(const struct mask_code *code)
{
    int sum = 0;
    for (size_t i = 0; i < 9; i++)
        sum += digit(code, i) * (10 - (int)i);
    return (11 - sum % 11) % 11 == digit(code, 9) && !all_alike(code);
}

/* HM Revenue & Customs, NIM39110: prefixes that are not given out, suffix A to D. */
bool check_nino(const struct mask_code *code)
{
    static const char *const never[] = {"BG", "GB", "NK", "KN", "TN", "NT", "ZZ"};
    if (strchr("DFIQUV", code->places[0]) != NULL || strchr("DFIOQUV", code->places[1]) != NULL)
        return false;
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        if (memcmp(code->places, never[i], 2) == 0) return false;
    return code->places[8] >= 'A' && code->places[8] <= 'D';
}

/* Driver and Vehicle Licensing Agency: decade, month (50 more for women), day, year. */
bool check_uk_driver(const struct mask_code *code)
{
    int month = number_in(code, 6, 2) % 50, day = number_in(code, 8, 2);
    bool padded = false;
    for (size_t i = 0; i < 5; i++) { /* the name, filled with 9s */
        if (is_digit(code->places[i]) && code->places[i] != '9') return false;
        if (padded && code->places[i] != '9') return false;
        padded = code->places[i] == '9';
    }
    return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/* ---- Spain, Portugal ---- */

static bool spanish(long number, char letter)
{
    return "TRWAGMYFPDXBNJZSQVHLCKE"[number % 23] == letter;
}

/* Ministerio del Interior: the letter is the number modulo 23. */
bool check_nif(const struct mask_code *code)
{
    return spanish(number_in(code, 0, code->count - 1), code->places[code->count - 1]);
}

bool check_nie(const struct mask_code *code)
{
    long first = code->places[0] - 'X';
    if (first < 0 || first > 2) return false;
    return spanish(first * 10000000 + number_in(code, 1, 7), code->places[8]);
}

bool check_pt_nif(const struct mask_code *code)
{
    int rest = weighted(code, 0, "98765432", 8) % 11;
    return strchr("1235689", code->places[0]) != NULL &&
           digit(code, 8) == (rest < 2 ? 0 : 11 - rest);
}

/* ---- Italy ---- */

/* Decreto ministeriale of 23 December 1976: odd places by a table, even ones by value, modulo 26.
 * Digits may be replaced by letters where two persons would share a code. */
bool check_fiscal_form(const struct mask_code *code)
{
    static const char digits_at[] = "000000110110111";
    for (size_t i = 0; i < 15; i++) {
        char c = code->places[i];
        bool stands_for_digit = is_digit(c) || strchr("LMNPQRSTUV", c) != NULL;
        if (digits_at[i] == '1' ? !stands_for_digit : !is_letter(c)) return false;
    }
    return strchr("ABCDEHLMPRST", code->places[8]) != NULL;
}

bool check_fiscal(const struct mask_code *code)
{
    static const int odd[] = {1,  0,  5, 7, 9, 13, 15, 17, 19, 21, 2,  4,  18,
                              20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};
    int sum = 0;
    for (size_t i = 0; i < 15; i++) {
        char c = code->places[i];
        int value = is_digit(c) ? c - '0' : c - 'A';
        sum += i % 2 == 0 ? odd[value] : value;
    }
    return check_fiscal_form(code) && code->places[15] == 'A' + sum % 26;
}

bool check_it_vat(const struct mask_code *code)
{
    return check_luhn(code) && !all_alike(code);
}

/* ---- Poland ---- */

/* Weights 1 3 7 9; the month carries the century. */
bool check_pesel(const struct mask_code *code)
{
    static const int centuries[] = {1900, 2000, 2100, 2200, 1800};
    int month = number_in(code, 2, 2), century = month / 20;
    int sum = weighted(code, 0, "1379137913", 10);
    return century < 5 && (10 - sum % 10) % 10 == digit(code, 10) &&
           is_date(century == 3 ? 2000 : centuries[century] + number_in(code, 0, 2) % 100,
                   month % 20, number_in(code, 4, 2));
}

bool check_nip(const struct mask_code *code)
{
    return weighted(code, 0, "657234567", 9) % 11 == digit(code, 9) && !all_alike(code);
}

/* ---- Germany, Austria, Switzerland ---- */

/* Bundeszentralamt fuer Steuern: ISO 7064 mod 11,10; of the first ten digits one occurs twice or
 * three times, the others at most once. */
bool check_de_tax(const struct mask_code *code)
{
    int seen[10] = {0}, most = 0, product = 10;
    for (size_t i = 0; i < 10; i++) {
        int count = ++seen[digit(code, i)];
        most = count > most ? count : most;
        int sum = (digit(code, i) + product) % 10;
        product = (sum == 0 ? 10 : sum) * 2 % 11;
    }
    return code->places[0] != '0' && most <= 3 && (11 - product) % 10 == digit(code, 10);
}

/* Deutsche Rentenversicherung: the letter as two digits, weights 2 1 2 5 7 1 2 1 2 1 2 1, digit
 * sums. */
bool check_de_social(const struct mask_code *code)
{
    static const int weights[] = {2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1};
    char digits[13];
    int letter = code->places[8] - 'A' + 1, sum = 0;
    memcpy(digits, code->places, 8);
    digits[8] = (char)('0' + letter / 10);
    digits[9] = (char)('0' + letter % 10);
    memcpy(digits + 10, code->places + 9, 2);
    for (size_t i = 0; i < 12; i++) {
        int product = (digits[i] - '0') * weights[i];
        sum += product / 10 + product % 10;
    }
    int day = number_in(code, 2, 2), month = number_in(code, 4, 2);
    return sum % 10 == digit(code, 11) && month >= 1 && month <= 12 && day >= 1 && day <= 81;
}

/* ICAO Doc 9303, part 3: weights 7 3 1, letters as 10 ... 35. */
bool check_de_card(const struct mask_code *code)
{
    int sum = 0;
    if (strchr("CFGHJKLMNPRTVWXYZ", code->places[0]) == NULL) return false;
    for (size_t i = 0; i < 9; i++) {
        char c = code->places[i];
        if (strchr("ABDEIOQSU", c) != NULL) return false;
        sum += (is_digit(c) ? c - '0' : c - 'A' + 10) * ("731"[i % 3] - '0');
    }
    return code->count == 9 || sum % 10 == digit(code, 9);
}

/* EAN-13 behind the country 756. */
bool check_ahv(const struct mask_code *code)
{
    return (10 - weighted(code, 0, "131313131313", 12) % 10) % 10 == digit(code, 12);
}

/* Dachverband der Sozialversicherungstraeger: weights 3 7 9 5 8 4 2 1 6 around the check digit. */
bool check_svnr(const struct mask_code *code)
{
    int sum = weighted(code, 0, "379", 3) + weighted(code, 4, "584216", 6);
    return code->places[0] != '0' && sum % 11 == digit(code, 3) && is_short_date(code, 4, "dmy");
}

/* ---- France, Belgium, Netherlands, Ireland ---- */

/* INSEE: 97 less the number modulo 97; Corsica's 2A and 2B are not taken here. */
bool check_nir(const struct mask_code *code)
{
    int month = number_in(code, 3, 2);
    return (code->places[0] == '1' || code->places[0] == '2') &&
           ((month >= 1 && month <= 12) || (month >= 20 && month <= 42) || month >= 50) &&
           97 - remainder_of(code->places, 13, 97) == number_in(code, 13, 2);
}

/* Rijksregister: 97 less the number modulo 97, with a 2 in front for those born since 2000. */
bool check_nrn(const struct mask_code *code)
{
    char with_two[10] = "2";
    memcpy(with_two + 1, code->places, 9);
    int check = number_in(code, 9, 2), month = number_in(code, 2, 2) % 20;
    return month <= 12 && (97 - remainder_of(code->places, 9, 97) == check ||
                           97 - remainder_of(with_two, 10, 97) == check);
}

/* Elfproef: weights 9 ... 2, the last digit taken off. */
bool check_bsn(const struct mask_code *code)
{
    return !all_alike(code) && (weighted(code, 0, "98765432", 8) - digit(code, 8)) % 11 == 0;
}

/* Department of Social Protection: weights 8 ... 2, a second letter by 9, modulo 23. */
bool check_pps(const struct mask_code *code)
{
    int sum = weighted(code, 0, "8765432", 7);
    if (code->count == 9 && code->places[8] != 'W') sum += (code->places[8] - 'A' + 1) * 9;
    return "WABCDEFGHIJKLMNOPQRSTUV"[sum % 23] == code->places[7];
}

/* ---- the North ---- */

/* Digital and Population Data Services Agency: a date, a century mark, a number from 002 on, the
 * nine digits modulo 31. */
bool check_hetu(const struct mask_code *code)
{
    char digits[9];
    memcpy(digits, code->places, 6);
    memcpy(digits + 6, code->places + 7, 3);
    return number_in(code, 7, 3) >= 2 && is_short_date(code, 0, "dmy") && code->upper &&
           "0123456789ABCDEFHJKLMNPRSTUVWXY"[remainder_of(digits, 9, 31)] == code->places[10];
}

/* Skatteverket: Luhn over the last ten; the day of a coordination number is 60 more. */
bool check_pnr(const struct mask_code *code)
{
    size_t at = code->count - 10;
    struct mask_code plain = *code;
    if (plain.places[at + 4] >= '6') plain.places[at + 4] -= 6;
    return luhn_sum(code->places + at, 10) % 10 == 0 && is_short_date(&plain, at, "ymd");
}

bool check_cpr(const struct mask_code *code)
{
    return is_short_date(code, 0, "dmy");
}

/* Skatteetaten: two check digits modulo 11. */
bool check_fnr(const struct mask_code *code)
{
    int first = weighted(code, 0, "376189452", 9) % 11;
    int second = weighted(code, 0, "5432765432", 10) % 11;
    return (11 - first) % 11 == digit(code, 9) && (11 - second) % 11 == digit(code, 10) &&
           is_short_date(code, 0, "dmy");
}

/* ---- Czechia, Turkey ---- */

/* The number is a multiple of 11; the month of women is 50 more. */
bool check_rc(const struct mask_code *code)
{
    struct mask_code plain = *code;
    int month = number_in(code, 2, 2) % 50;
    plain.places[2] = (char)('0' + month / 10);
    return remainder_of(code->places, 10, 11) == 0 && is_short_date(&plain, 0, "ymd");
}

/* Nufus Idaresi: two check digits from the odd and even places. */
bool check_tckn(const struct mask_code *code)
{
    int odd = 0, even = 0, sum = 0;
    for (size_t i = 0; i < 10; i++) {
        sum += digit(code, i);
        if (i < 9) *(i % 2 == 0 ? &odd : &even) += digit(code, i);
    }
    return code->places[0] != '0' && (odd * 7 - even + 100) % 10 == digit(code, 9) &&
           sum % 10 == digit(code, 10);
}
