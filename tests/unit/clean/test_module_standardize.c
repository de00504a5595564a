/* tests/unit/clean/test_module_standardize.c: spellings, maps and clusters. */
#include "harness.h"

#include "clean/standardize_phonetic.h"
#include "clean/standardize_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern const struct clean_module module_standardize;

static void expect(const char *words, const char *columns, const char *lines, const char *wanted)
{
    struct trial trial = {.words = words, .window_rows = 2, .threads = 2};
    OWNED(batch_release) struct batch input = trial_input(columns, lines);
    trial_run(&trial, &module_standardize, &input);
    assert_string_equal(trial_text(&trial), wanted);
    trial_close(&trial);
}

static void spells_case_punctuation_and_spaces(void **unused)
{
    (void)unused;
    expect("standardize methods=lower", "x:utf8", "ABC\nÄÖ\n\n\"\"\n", "x\nabc\näö\n\n\n");
    expect("standardize methods=upper", "x:utf8", "straße\n", "x\nSTRAßE\n");
    expect("standardize methods=title", "x:utf8", "o'neil's OLD house\n",
           "x\nO'neil's Old House\n");
    expect("standardize methods=punctuation,spaces,lower", "x:utf8", " A.B. -  c! \n", "x\nab c\n");
    expect("standardize methods=lower", "x:utf8", "\\xff A\n", "x\n\xff A\n");
}

static void maps_known_spellings(void **unused)
{
    (void)unused;
    struct trial trial = {
        .yaml = "standardize: {columns: [c], methods: [lower, map], map: {usa: US, u.s.: US}}"};
    OWNED(batch_release)
    struct batch input = trial_input("c:utf8|d:utf8", "USA|USA\nU.S.|b\nX|c\n");
    trial_run(&trial, &module_standardize, &input);
    assert_string_equal(trial_text(&trial), "c|d\nUS|USA\nUS|b\nx|c\n");
    assert_int_equal(trial.cells, 3);
    trial_close(&trial);
}

static void reads_a_map_file(void **unused)
{
    (void)unused;
    char path[] = "/tmp/standardize-map-XXXXXX", words[128];
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    const char text[] = "from,to\nNYC,\"New York, NY\"\n\"L.A.\",Los Angeles\n";
    assert_int_equal(write(descriptor, text, sizeof text - 1), sizeof text - 1);
    close(descriptor);
    snprintf(words, sizeof words, "standardize map_file=%s", path);
    expect(words, "x:utf8", "NYC\nL.A.\nBoston\n", "x\nNew York, NY\nLos Angeles\nBoston\n");
    unlink(path);
    struct trial trial = {.words = words};
    OWNED(batch_release) struct batch input = trial_input("x:utf8", "NYC\n");
    assert_int_not_equal(trial_try(&trial, &module_standardize, &input), STATUS_OK);
    trial_close(&trial);
}

static void expect_key(enum key_method method, const char *text, const char *wanted)
{
    OWNED(bytes_release) struct bytes key = bytes_limited(1000);
    assert_int_equal(spelling_key(method, 2, str_of(text), &key, NULL), STATUS_OK);
    assert_int_equal(bytes_append(&key, "", 1, NULL), STATUS_OK);
    assert_string_equal((char *)key.data, wanted);
}

static void keys_are_those_of_openrefine(void **unused)
{
    (void)unused;
    expect_key(KEY_FINGERPRINT, "Cruise, Tom", "cruise tom");
    expect_key(KEY_FINGERPRINT, "Tom  Cruise", "cruise tom");
    expect_key(KEY_FINGERPRINT, " Gödel, gÖdel Kurt.", "godel kurt");
    expect_key(KEY_FINGERPRINT, "Łódź Ørsted", "lodz orsted");
    expect_key(KEY_FINGERPRINT, "...", "");
    expect_key(KEY_NGRAM, "Paris", "arispari");
    /* the example that two ports of OpenRefine's keys publish */
    const char *text = "À noite, vovô Kowalsky vê o ímã cair no pé do pingüim queixoso e vovó põe "
                       "açúcar no chá de tâmaras do jabuti feliz.";
    expect_key(KEY_FINGERPRINT, text,
               "a acucar cair cha de do e feliz ima jabuti kowalsky no noite o pe pinguim poe "
               "queixoso tamaras ve vovo");
    expect_key(KEY_NGRAM, text,
               "abacadaialamanarasbucachcudedoeaedeieleoetevfeg"
               "uhaifiminiritixizjakokylilsmamqngnoocoeoiojokop"
               "osovowpepipoqurarnsdsksotatetiucueuiutvevowaxoyv");
}

/* Lengths differ, the letters are the same: OpenRefine's example for a gram of 1. */
static void letters_alone_make_a_key(void **unused)
{
    (void)unused;
    expect("standardize methods=ngram gram=1", "x:utf8",
           "Krzysztof\nKrzysztof\nKryzysztof\nKrzystof\n",
           "x\nKrzysztof\nKrzysztof\nKrzysztof\nKrzysztof\n");
}

static void expect_sounds(const char *word, const char *metaphone, const char *cologne)
{
    char room[64];
    room[phonetic_metaphone(word, strlen(word), room)] = '\0';
    assert_string_equal(room, metaphone);
    room[phonetic_cologne(word, strlen(word), room)] = '\0';
    assert_string_equal(room, cologne);
}

static void words_are_told_by_their_sound(void **unused)
{
    (void)unused;
    expect_sounds("wikipedia", "WKPT", "3412"); /* Cologne: Postel's published codes */
    expect_sounds("mullerludenscheidt", "MLRLTNSKTT", "65752682");
    expect_sounds("breschnew", "BRSKN", "17863");
    expect_sounds("thompson", "0MPSN", "26186");
    expect_sounds("knight", "NT", "4642");
    expect_sounds("night", "NT", "642");
    expect_sounds("wright", "RT", "3742");
    expect_sounds("phone", "FN", "36");
    expect_sounds("xavier", "SFR", "4837");
    expect_sounds("nation", "NXN", "626");
    expect_sounds("h", "H", "");
    expect("standardize methods=metaphone", "x:utf8",
           "Catherine 7\nCatherine 7\nKatherine 7\nKatherine 8\n",
           "x\nCatherine 7\nCatherine 7\nCatherine 7\nKatherine 8\n");
    expect("standardize methods=cologne", "x:utf8", "Meyer\nMeyer\nMaier\nMüller\n",
           "x\nMeyer\nMeyer\nMeyer\nMüller\n");
}

static void clusters_become_the_most_frequent_spelling(void **unused)
{
    (void)unused;
    expect("standardize columns=x", "x:utf8|y:utf8",
           "Tom Cruise|A\nCruise, Tom|a\nTom Cruise|A\nTOM CRUISE|a\nother|\n",
           "x|y\nTom Cruise|A\nTom Cruise|a\nTom Cruise|A\nTom Cruise|a\nother|\n");
}

static void a_tie_goes_to_the_smaller_spelling(void **unused)
{
    (void)unused;
    expect("standardize", "x:utf8", "b c\nB C\n", "x\nB C\nB C\n");
}

static void dictionary_columns_stay_dictionaries(void **unused)
{
    (void)unused;
    struct trial trial = {.words = "standardize methods=lower"};
    OWNED(batch_release)
    struct batch input = trial_input("x:dictionary<int32, utf8>", "A\na\nB\n");
    trial_run(&trial, &module_standardize, &input);
    assert_string_equal(trial_text(&trial), "x\na\na\nb\n");
    assert_true(trial.output.schema->fields[0].dictionary);
    assert_int_equal(trial.output.columns[0]->dictionary->length, 2);
    trial_close(&trial);
}

static void crowded_columns_are_left_alone_and_told(void **unused)
{
    (void)unused;
    struct trial trial = {.words = "standardize max_distinct=2"};
    OWNED(batch_release) struct batch input = trial_input("x:utf8", "a\nA\nb\nc\n");
    trial_run(&trial, &module_standardize, &input);
    assert_string_equal(trial_text(&trial), "x\na\nA\nb\nc\n");
    assert_int_equal(trial.finding_count, 1);
    trial_close(&trial);
}

static void saved_clusters_are_applied_to_new_data(void **unused)
{
    (void)unused;
    struct trial first = {.words = "standardize"};
    OWNED(batch_release) struct batch old = trial_input("x:utf8", "New York\nNew York\nnew york\n");
    trial_run(&first, &module_standardize, &old);
    struct trial second = {.words = "standardize", .load = (const char *)first.saved.data};
    OWNED(batch_release) struct batch fresh = trial_input("x:utf8", "new york\nYORK NEW\n");
    trial_run(&second, &module_standardize, &fresh);
    assert_string_equal(trial_text(&second), "x\nNew York\nYORK NEW\n");
    trial_close(&first);
    trial_close(&second);
}

/* OpenRefine, "Clustering methods in depth": pairs at one edit, and a chain of them. */
static void near_values_become_one_cluster(void **unused)
{
    (void)unused;
    expect("standardize methods=levenshtein", "x:utf8",
           "Krzysztof\nKryzysztof\nParis\nPari\nPari\nKrzysztof\nRome\n2019\n2018\n",
           "x\nKrzysztof\nKrzysztof\nPari\nPari\nPari\nKrzysztof\nRome\n2019\n2018\n");
    expect("standardize methods=levenshtein", "x:utf8", "abcd\nabcde\nabcdef\nabcd\nxyz\n",
           "x\nabcd\nabcd\nabcd\nabcd\nxyz\n");
    expect("standardize methods=levenshtein edits=3", "x:utf8",
           "New York\nnewYork\nBoston\nNew York\n", "x\nNew York\nNew York\nBoston\nNew York\n");
}

static void rare_spellings_become_the_nearest_frequent_one(void **unused)
{
    (void)unused;
    const char *words = "standardize methods=spelling ratio=2 rare=0.5";
    expect(words, "x:utf8", "boston\nboston\nbosxon\nparis\nparis\n",
           "x\nboston\nboston\nboston\nparis\nparis\n");
    expect(words, "x:utf8", "hf-1\nhf-1\nhf-2\n", "x\nhf-1\nhf-1\nhf-2\n");
    expect(words, "x:utf8", "hf-1\nhf-1\nhf-x\n", "x\nhf-1\nhf-1\nhf-1\n");
    expect(words, "x:utf8", "hf-1\nhf-1\nhf-2\nhf-2\nhf-x\n", "x\nhf-1\nhf-1\nhf-2\nhf-2\nhf-x\n");
}

static void rows_with_one_key_vote(void **unused)
{
    (void)unused;
    struct trial trial = {.yaml = "standardize: {repair: [{key: zip, gives: [city, state]}]}",
                          .window_rows = 2,
                          .threads = 2};
    OWNED(batch_release)
    struct batch input =
        trial_input("zip:int64|city:utf8|state:utf8", "1|A|x\n1|A|x\n1|B|\n2|C|y\n2|D|y\n|E|\n");
    trial_run(&trial, &module_standardize, &input);
    assert_string_equal(trial_text(&trial), "zip|city|state\n1|A|x\n1|A|x\n1|A|x\n2|C|y\n2|D|y\n"
                                            "|E|\n");
    assert_int_equal(trial.cells, 2);
    struct trial second = {.yaml = "standardize: {repair: [{key: zip, gives: [city, state]}]}",
                           .load = (const char *)trial.saved.data};
    OWNED(batch_release)
    struct batch fresh = trial_input("zip:int64|city:utf8|state:utf8", "1|Z|\n3|Q|\n");
    trial_run(&second, &module_standardize, &fresh);
    assert_string_equal(trial_text(&second), "zip|city|state\n1|A|x\n3|Q|\n");
    trial_close(&trial);
    trial_close(&second);
}

/* Five keys say that "bad" is wrong and "odd" wrong once: on k6, two against two, the trusted win.
 */
static void sources_vote_by_how_often_they_are_right(void **unused)
{
    (void)unused;
    struct trial trial = {.yaml = "standardize: {source: who, repair: [{key: k, gives: [v]}]}"};
    OWNED(batch_release)
    struct batch input = trial_input(
        "k:utf8|who:utf8|v:utf8", "k1|good|a\nk1|fine|a\nk1|bad|x\nk1|bad|x\nk1|bad|x\nk1|odd|a\n"
                                  "k2|good|b\nk2|fine|b\nk2|bad|x\nk2|odd|b\n"
                                  "k3|good|c\nk3|fine|c\nk3|bad|y\nk3|odd|z\n"
                                  "k4|good|d\nk4|fine|d\nk4|bad|y\nk4|odd|y\n"
                                  "k6|good|e\nk6|fine|e\nk6|bad|f\nk6|odd|f\n");
    trial_run(&trial, &module_standardize, &input);
    assert_string_equal(trial_text(&trial), "k|who|v\n"
                                            "k1|good|a\nk1|fine|a\nk1|bad|a\nk1|bad|a\nk1|bad|a\n"
                                            "k1|odd|a\n"
                                            "k2|good|b\nk2|fine|b\nk2|bad|b\nk2|odd|b\n"
                                            "k3|good|c\nk3|fine|c\nk3|bad|c\nk3|odd|c\n"
                                            "k4|good|d\nk4|fine|d\nk4|bad|d\nk4|odd|d\n"
                                            "k6|good|e\nk6|fine|e\nk6|bad|e\nk6|odd|e\n");
    trial_close(&trial);
}

static void settings_are_checked(void **unused)
{
    (void)unused;
    const char *const words[] = {"standardize methods=lowr", "standardize methods=map",
                                 "standardize methods=ngram,fingerprint", "standardize columns=y"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct trial trial = {.words = words[i]};
        OWNED(batch_release) struct batch input = trial_input("x:utf8", "a\n");
        assert_int_equal(trial_try(&trial, &module_standardize, &input), STATUS_USAGE);
        trial_close(&trial);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spells_case_punctuation_and_spaces),
        cmocka_unit_test(maps_known_spellings),
        cmocka_unit_test(reads_a_map_file),
        cmocka_unit_test(keys_are_those_of_openrefine),
        cmocka_unit_test(letters_alone_make_a_key),
        cmocka_unit_test(words_are_told_by_their_sound),
        cmocka_unit_test(near_values_become_one_cluster),
        cmocka_unit_test(clusters_become_the_most_frequent_spelling),
        cmocka_unit_test(a_tie_goes_to_the_smaller_spelling),
        cmocka_unit_test(dictionary_columns_stay_dictionaries),
        cmocka_unit_test(crowded_columns_are_left_alone_and_told),
        cmocka_unit_test(saved_clusters_are_applied_to_new_data),
        cmocka_unit_test(rare_spellings_become_the_nearest_frequent_one),
        cmocka_unit_test(rows_with_one_key_vote),
        cmocka_unit_test(sources_vote_by_how_often_they_are_right),
        cmocka_unit_test(settings_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
