use super::*;

#[test]
fn every_style_is_readable_and_called_by_its_file() {
    for name in Style::names() {
        let style = Style::find(name).unwrap();
        assert_eq!(style.name, name);
        assert!(!style.about.is_empty());
    }
    assert_eq!(Style::names().count(), 9);
    assert!(Style::find(USUAL).is_ok());
}

#[test]
fn the_three_of_them_leave_power_for_the_rest() {
    // Voice, drums and bass at their targets must not be the whole mix, or more.
    for name in Style::names().filter(|name| *name != "podcast") {
        let style = Style::find(name).unwrap();
        let of = |fact: &Fact<f64>| dsp::math::db_to_power(fact.value);
        let taken = of(&style.vocals_lu) + of(&style.drums_lu) + of(&style.bass_lu);
        assert!((0.6..0.95).contains(&taken), "{name}: {taken}");
        // The published quartiles (mixing.md C5).
        assert!((-4.0..=-1.8).contains(&style.vocals_lu.value), "{name}");
        assert!((-9.3..=-4.9).contains(&style.drums_lu.value), "{name}");
        assert!((-10.1..=-6.7).contains(&style.bass_lu.value), "{name}");
    }
}

#[test]
fn a_wrong_name_is_answered_with_the_right_one() {
    let error = Style::find("elektronic").unwrap_err();
    assert_eq!(error.code, "unknown_style");
    assert!(error.hint.unwrap().contains("`electronic`"));
}

#[test]
fn a_number_out_of_range_or_without_a_source_is_told_with_its_line() {
    let text = include_str!("../../../../styles/rock.toml");
    let error = parse::style(&text.replace("value = -3.7", "value = 3.7"), "x.toml").unwrap_err();
    assert_eq!(error.code, "bad_style");
    assert!(error.place.unwrap().line > 5);
    let error = parse::style(&text.replacen("source = \"", "source = \"\" # ", 1), "x.toml").unwrap_err();
    assert!(error.what.contains("source"), "{}", error.what);
}
