use super::*;
use crate::styles::Style;

#[test]
fn every_character_of_every_style_stays_inside_the_published_quartiles() {
    for name in Style::names() {
        let plain = Style::find(name).unwrap();
        for character in CHARACTERS {
            let style = character.of(&plain);
            // C5 and e.6 of the mixing rules; speech asks for more than songs, and keeps it.
            for (value, own, range) in [
                (style.vocals_lu.value, plain.vocals_lu.value, (-4.0, -1.8)),
                (style.drums_lu.value, plain.drums_lu.value, (-9.3, -4.9)),
                (style.bass_lu.value, plain.bass_lu.value, (-10.1, -6.7)),
                (style.reverberance.value, plain.reverberance.value, (0.1, 0.5)),
                (style.spread.value, plain.spread.value, (0.0, 1.0)),
                (style.compression.value, plain.compression.value, (0.0, 1.0)),
            ] {
                assert!((range.0..=range.1).contains(&value) || value == own, "{} {value}", style.name);
            }
            // The session remembers it by its name, and finds the same again.
            assert_eq!(super::style(&style.name).unwrap(), style);
        }
    }
}

#[test]
fn characters_go_where_they_say() {
    let pop = Style::find("pop").unwrap();
    let of = |name: &str| super::style(&format!("pop+{name}")).unwrap();
    let (voice, drums, space, close) = (of("voice"), of("drums"), of("space"), of("close"));
    assert!(
        voice.vocals_lu.value > pop.vocals_lu.value + 0.5 && voice.drums_lu.value < pop.drums_lu.value - 1.0
    );
    assert!(
        drums.drums_lu.value > pop.drums_lu.value + 1.5 && drums.vocals_lu.value < pop.vocals_lu.value - 0.5
    );
    assert!(
        space.reverberance.value > 1.5 * pop.reverberance.value
            && space.echo_send_db.value > pop.echo_send_db.value
    );
    assert!(close.reverberance.value < 0.6 * pop.reverberance.value && close.spread.value < pop.spread.value);
    assert_eq!(Style { name: "pop".to_owned(), about: pop.about.clone(), ..of("plain") }, pop);
}

#[test]
fn an_unknown_character_is_told_with_the_nearest() {
    let error = style("pop+voise").unwrap_err();
    assert_eq!((error.code, error.hint.unwrap().contains("voice")), ("unknown_character", true));
    assert_eq!(style("rok+voice").unwrap_err().code, "unknown_style");
}

#[test]
fn distance_is_the_root_of_the_mean_square() {
    // By hand: sqrt((9 + 16) / 2).
    let list = [("a".to_owned(), 3.0), ("b".to_owned(), -4.0)];
    assert!((distance_lu(&list) - 12.5_f64.sqrt()).abs() < 1e-12);
    assert_eq!(distance_lu(&[]), 0.0);
}

#[test]
fn a_small_band_of_loud_groups_has_three_mixes_as_well() {
    use crate::decide::targets;
    use dsp::meter::loudness::power_of_lufs;
    let steady = |group: Group| crate::decide::Sounding {
        group,
        strip: group.id().to_owned(),
        powers: vec![power_of_lufs(-23.0); 400],
    };
    let band = [Group::Drums, Group::Synths, Group::Vocals, Group::Backing].map(steady);
    let of = |name: &str| -> Vec<f64> {
        let parts = targets(&band, &super::style(name).unwrap(), None);
        crate::close::solve(&parts, -20.0, 0.0).relative_lu.into_iter().map(Option::unwrap).collect()
    };
    let (voice, drums) = (of("electronic+voice"), of("electronic+drums"));
    assert!(voice[2] > drums[2] + 0.8 && drums[0] > voice[0] + 1.5, "{voice:?} {drums:?}");
    for lu in [&voice, &drums] {
        assert!((-9.3..=-4.9).contains(&lu[0]) && (-4.0..=-1.8).contains(&lu[2]), "{lu:?}");
        let power: f64 = lu.iter().map(|lu| dsp::math::db_to_power(*lu)).sum();
        assert!((power - 1.0).abs() < 0.01, "{power}");
    }
    // With nobody to fill, they are not held: a voice over drums stays a mix.
    let two = [Group::Drums, Group::Vocals].map(steady);
    let parts = targets(&two, &super::style("pop+voice").unwrap(), None);
    let lu = crate::close::solve(&parts, -20.0, 0.0).relative_lu;
    assert!((-4.0..=-1.6).contains(&lu[1].unwrap()), "{lu:?}");
}
