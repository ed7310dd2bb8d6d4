"""Normalization of typed input."""

import pytest
from django.core.validators import validate_email
from hypothesis import given
from hypothesis import strategies as st

from clinic.lib import normalization

BLANKS = ("\u3164", "\u115f\u1160", "\uffa0", "\u2800", "\u3164\u2800 \uffa0", "\u034f\U000e0100")


@pytest.mark.parametrize(
    ("typed", "tidy"),
    [
        ("  Jo   Miller ", "Jo Miller"),
        ("Jo\tMiller", "Jo Miller"),
        ("Sine\u0301ad O\u2019Neil", "Sinéad O’Neil"),
        ("李", "李"),
        ("مریم", "مریم"),
        ("Ñ", "Ñ"),
        ("J\u202eo\u200b", "Jo"),
        ("\u3164Jo\u2800 \uffa0Miller\ufe0f", "Jo Miller"),
        ("=cmd", "=cmd"),
    ],
)
def test_names_stay_as_people_write_them(typed, tidy):
    assert normalization.clean_name(typed) == tidy


@pytest.mark.parametrize(
    "typed", ["", "   ", "12", "\u200b\u202e", "Jo\nMiller", "Jo\rMiller", "Jo\u2028Miller", *BLANKS]
)
def test_names_without_a_letter_or_of_two_lines_are_refused(typed):
    with pytest.raises(ValueError, match=r"name"):
        normalization.clean_name(typed)


@given(st.text(max_size=120))
def test_any_name_is_tidied_once_and_for_all(typed):
    try:
        tidy = normalization.clean_name(typed)
    except ValueError:
        return
    assert normalization.clean_name(tidy) == tidy
    assert not set(tidy) & set("\r\n\x00")


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("Jo@Example.COM", "jo@example.com"),
        (" jo@example.com ", "jo@example.com"),
        ("jo+x@bücher.example", "jo+x@xn--bcher-kva.example"),
    ],
)
def test_two_spellings_of_an_address_have_one_key(typed, key):
    assert normalization.email_key(typed) == key


@pytest.mark.parametrize("typed", ["jo\u212a@example.com", "jö@example.com", "jo@" + "ü" * 80 + ".example"])
def test_lookalike_address_is_refused(typed):
    with pytest.raises(ValueError, match="email address"):
        normalization.email_key(typed)


TWO_DOMAINS = ("faß.de", "FAẞ.de", "βόλος.example", "نامه\u200cای.example", "क्\u200dष.example", "ｆass.de")


@pytest.mark.parametrize("domain", TWO_DOMAINS)
def test_domain_that_old_and_new_programs_read_differently_is_refused(domain):
    with pytest.raises(ValueError, match="We cannot send email to that address"):
        normalization.strict_email_key(f"jo@{domain}")


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("Jo@Example.com", "jo@example.com"),
        ("jo@BÜCHER.example", "jo@xn--bcher-kva.example"),
        ("jo@bu\u0308cher.example", "jo@xn--bcher-kva.example"),
        ("jo@例え.example", "jo@xn--r8jz45g.example"),
        ("jo@xn--fa-hia.de", "jo@xn--fa-hia.de"),
    ],
)
def test_domain_that_all_read_alike_is_taken(typed, key):
    assert normalization.strict_email_key(typed) == key


@pytest.mark.parametrize("typed", ["علی\u200cپور رضا", "ශ්\u200dරී ලංකා", "क्\u200dष"])
def test_joiners_stay_in_names_of_scripts_that_need_them(typed):
    assert normalization.clean_name(typed) == typed


@pytest.mark.parametrize(
    ("typed", "tidy"),
    [
        ("\u200cعلی\u200c", "علی"),
        ("Jo\u200dMiller", "JoMiller"),
        ("علی\u200c\u200cپور", "علیپور"),
        ("Jo\u200bMiller", "Jo Miller"),
        ("Jo Miller\u200b", "Jo Miller"),
    ],
)
def test_joiners_and_zero_width_spaces_go_everywhere_else(typed, tidy):
    assert normalization.clean_name(typed) == tidy


@pytest.mark.parametrize(
    "typed",
    ["jo@example.com\u200b", "\ufeffjo@example.com", "mailto:jo@example.com", "Jo <jo@example.com>", "jo@example.com,",
     "jo\uff20example.com", "jo@example.com.", "<jo@example.com>"],
)  # fmt: skip
def test_what_is_pasted_around_an_address_goes(typed):
    assert normalization.clean_email(typed) == "jo@example.com"


@pytest.mark.parametrize("typed", ["jo@x.example; ann@x.example", "jo@x.example ann@x.example", "Jo jo@x.example"])
def test_address_inside_text_is_not_guessed(typed):
    assert normalization.clean_email(typed) == typed


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("jo@localhost", "domain"),
        ("jo@[192.0.2.1]", "domain"),
        ("a" * 65 + "@example.com", "64"),
        ("jo@example", "domain"),
    ],
)
def test_address_that_no_mail_can_reach_is_refused_in_plain_words(typed, said):
    with pytest.raises(ValueError, match=said):
        normalization.strict_email_key(typed)


@pytest.mark.parametrize(
    ("name", "first"),
    [
        *(
            ("Jo Miller", "Jo"),
            ("Dr. Ann Lee", "Ann"),
            ("Lee, Ann", "Ann"),
            ("Ann Lee, Jr.", "Ann"),
            ("Mr Al Li", "Al"),
        ),
        *(("Madonna", "Madonna"), ("李雷", "李雷"), ("O’Neil", "O’Neil"), ("Dr.", "Dr."), ("María José", "María")),
        *(("", ""), ("ann@example.com", ""), ("https://spam.example buy", ""), ("212 Jo", "")),
    ],
)
def test_first_name_is_how_somebody_is_greeted(name, first):
    assert normalization.first_name(name) == first


@given(st.text("aB9._+-", max_size=6), st.text("a9-.", max_size=6), st.sampled_from(["com", "museum", "c0", "co"]))
def test_address_that_is_taken_without_a_closer_look_passes_it_too(local, domain, top):
    typed = f"x{local}@{domain}y.{top}"
    if normalization.PLAIN_EMAIL.fullmatch(typed):
        validate_email(typed)
        assert normalization.strict_email_key(typed) == typed.lower()
