use super::*;

#[test]
fn everything_built_in_can_be_read_and_is_called_what_it_is_called() {
    for name in Intensity::names() {
        assert_eq!(Intensity::find(name).expect("readable").name, name);
    }
    for name in Colour::names() {
        let colour = Colour::find(name).expect("readable");
        assert_eq!(colour.name, name);
        assert!(colour.filters.iter().all(|filter| filter.gain_db.abs() <= 1.5), "a colour is a hint");
    }
    let plain = Colour::find("neutral").expect("readable");
    assert!(plain.filters.is_empty() && plain.saturation.is_none());
}

#[test]
fn a_harder_intensity_allows_more_and_never_less() {
    let all: Vec<Intensity> =
        Intensity::names().map(|name| Intensity::find(name).expect("readable")).collect();
    for pair in all.windows(2) {
        let (mild, hard) = (&pair[0], &pair[1]);
        assert!(mild.least_plr_lu.value > hard.least_plr_lu.value);
        assert!(mild.most_plr_loss_lu.value < hard.most_plr_loss_lu.value);
        assert!(mild.most_average_reduction_db.value < hard.most_average_reduction_db.value);
        assert!(mild.compression_db.value < hard.compression_db.value);
        assert!(mild.free_loudness_lufs.value < hard.free_loudness_lufs.value);
        let clip = |one: &Intensity| one.clip_above_lufs.as_ref().map_or(0.0, |fact| fact.value);
        assert!(clip(mild) > clip(hard), "the harder one clips sooner");
    }
}

#[test]
fn a_wrong_word_is_answered_with_the_nearest_and_a_wrong_number_with_its_line() {
    let error = Intensity::find("balansed").expect_err("no such");
    assert_eq!(error.code, "unknown_intensity");
    assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("`balanced`")), "{error:?}");
    assert_eq!(Colour::find("wram").expect_err("no such").code, "unknown_tone");
    let text = include_str!("../../../../../mastering/loud.toml").replacen("value = 8.0", "value = 1.0", 1);
    let error = parse::intensity(&text, "loud.toml").expect_err("out of range");
    let line = 1 + text[..text.find("value = 1.0").expect("there")].matches('\n').count();
    assert_eq!((error.code, error.place.map(|place| place.line)), ("bad_mastering", Some(line)));
    let text = include_str!("../../../../../mastering/warm.toml").replacen("\"tape\"", "\"tap\"", 1);
    assert_eq!(parse::colour(&text, "warm.toml").expect_err("no such mode").code, "bad_mastering");
}
