//! What a delivery gets besides its sound: tags and a cover, and, where it is asked for, a ceiling that lossy codecs hold.

use super::chain::{Chain, Delivery, Family, Step, make};
use super::level::{Level, MARGIN_DB};
use super::programme::Programme;
use super::{Place, Waiting, lower_peaks, render_to_level};
use crate::codec::{self, Outcome};
use crate::deliver::Tags;
use crate::deliver::tags;
use crate::job::Job;
use crate::message::{Error, Finding, Result, Severity};
use crate::session::read::{Node, Reader, Take, wrong};
use crate::targets::{self, Codec, Family as CodecFamily, Target};
use std::fmt::Write as _;
use std::path::Path;

/// What is asked for besides the sound.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Extras {
    /// Tags and cover of every master, over the tags of the print.
    pub tags: Tags,
    /// Where the cover came from, as the chain is to remember it; empty without one.
    pub artwork_file: String,
    /// Whether every master is encoded and decoded with the codecs of its target, and its ceiling lowered until they hold.
    pub check_codecs: bool,
}

/// Ceilings lowered for codecs at most so often (mastering.md §5.13: the third time at the latest it holds; two encoders may need more).
const MOST_LOWERINGS: usize = 5;
/// More than the overshoot itself, because another ceiling is another encode (mastering.md §5.13); each time by as much again, so that
/// encodes that never settle are left behind.
const MORE_DB: f64 = 0.1;
/// Two encodes of what is nearly the same file differ by this, dB, in peaks near full scale: what is nearer to its ceiling goes over it on
/// another day. Of AAC (ffmpeg, 256 kbit/s, six or eight levels within 0.01 dB of eight masters) 0.07 to 0.76 dB, six of them under 0.36; of
/// MP3, Opus and Vorbis 0.07 at most (one master). By measurement, 2026-11-22.
const fn spread_db(family: CodecFamily) -> f64 {
    match family {
        CodecFamily::Aac => 0.3,
        _ => 0.05,
    }
}

/// Renders a delivery to its level; when codecs are to be checked, again under a lower ceiling until the decoded streams hold theirs.
pub(super) fn held(
    programme: &Programme<'_>,
    target: &Target,
    solved: Level,
    place: Place<'_>,
    check: bool,
    job: &Job<'_>,
) -> Result<Waiting> {
    let mut waiting = render_to_level(programme, target, solved.clone(), place, job)?;
    let codecs: Vec<Codec> = target.codecs.iter().map(|fact| fact.value).collect();
    if !check || codecs.is_empty() {
        return Ok(waiting);
    }
    let (ceiling_dbtp, mut first) = (waiting.delivery.output.ceiling_dbtp, None);
    for turn in 0..=MOST_LOWERINGS {
        let peak_dbtp = waiting.file.written().measured.true_peak_worst_dbtp();
        waiting.codecs = codec::hold(waiting.file.temporary(), &codecs, peak_dbtp, job)?;
        let by = |outcome: &Outcome| format!("{} ({})", outcome.codec(), outcome.encoder());
        let worst = waiting.codecs.iter().filter_map(|outcome| {
            Some((outcome.true_peak_dbtp()?, spread_db(outcome.codec().family), by(outcome)))
        });
        let Some((peak_dbtp, spread_db, codec)) = worst.max_by(|a, b| (a.0 + a.1).total_cmp(&(b.0 + b.1)))
        else {
            break;
        };
        let over_db = peak_dbtp + spread_db - target.codec_ceiling();
        if over_db <= 0.0 || turn == MOST_LOWERINGS {
            break;
        }
        first.get_or_insert((codec, peak_dbtp, spread_db));
        let mut next = Level { delivery: waiting.delivery.clone(), ..solved.clone() };
        lower_ceiling(&mut next.delivery, over_db + (1 + turn) as f64 * MORE_DB)?;
        waiting = render_to_level(programme, target, next, place, job)?;
    }
    if let Some((codec, peak_dbtp, spread_db)) = first {
        let now_dbtp = waiting.delivery.output.ceiling_dbtp;
        let said =
            format!("{codec} decoded to {peak_dbtp:+.2} dBTP, and another time may to {spread_db} dB more");
        let measured =
            format!("the ceiling went from {ceiling_dbtp:.2} to {now_dbtp:.2} dBTP because {said}");
        waiting.delivery.because.push(measured.clone());
        let loudness = match waiting.delivery.aim {
            Some(_) => "the loudness is as it was asked for; only the peaks are lower",
            None => "nobody asked for a loudness: the whole is as much softer",
        };
        waiting.lowered = Some(
            Finding::new("codec_ceiling", Severity::Info, measured)
                .about(&target.name)
                .limit(format!("{:.1} dBTP after decoding", target.codec_ceiling()))
                .advice(loudness),
        );
    }
    Ok(waiting)
}

/// Holds a delivery that stays as it stands against the codecs of its target: told, not mended.
pub(super) fn check_as_it_is(waiting: &mut Waiting, known: Option<&Target>, job: &Job<'_>) -> Result<()> {
    // A target of the user's own file is not known by its name alone.
    let Some(target) = known.cloned().or_else(|| targets::find(&waiting.delivery.target).ok()) else {
        let what = format!("the codecs of `{}` are not known here", waiting.delivery.target);
        let finding = Finding::new("codec_not_checked", Severity::Warning, what)
            .about(&waiting.delivery.target)
            .limit("every codec the target names")
            .advice("`tonmeister codecs MASTER --codec …` checks any file with any codec");
        waiting.lowered = Some(finding);
        return Ok(());
    };
    let codecs: Vec<Codec> = target.codecs.iter().map(|fact| fact.value).collect();
    let peak_dbtp = waiting.file.written().measured.true_peak_worst_dbtp();
    waiting.codecs = codec::hold(waiting.file.temporary(), &codecs, peak_dbtp, job)?;
    Ok(())
}

/// What should be known of the codecs of a delivery that stays as it stands.
pub(super) fn findings_as_it_is(waiting: &Waiting) -> Vec<Finding> {
    let ceiling_dbtp = targets::find(&waiting.delivery.target).map_or(0.0, |target| target.codec_ceiling());
    let about = &waiting.delivery.target;
    let told = waiting.codecs.iter().filter_map(|outcome| outcome.finding(about, ceiling_dbtp));
    let told = told.map(|finding| match finding.rule {
        "codec_over" => finding.advice(
            "the chain was rendered as it stands; with --again the ceiling is lowered by as much as it takes, or lower it in the chain",
        ),
        _ => finding,
    });
    waiting.lowered.iter().cloned().chain(told).collect()
}

/// Takes ceiling and limiter down; without a limiter one is set, because the gain belongs to the loudness that is asked for.
fn lower_ceiling(delivery: &mut Delivery, by_db: f64) -> Result<()> {
    delivery.output.ceiling_dbtp -= by_db;
    if delivery.aim.is_none() {
        // Nobody asked for a loudness: softer is cheaper than more limiting.
        delivery.output.gain_db -= by_db;
        if delivery.steps.iter().any(Step::limits) {
            lower_peaks(delivery, by_db);
        }
        return Ok(());
    }
    if delivery.steps.iter().any(Step::limits) {
        // That takes a little more, against rounding.
        lower_peaks(delivery, by_db);
        return Ok(());
    }
    let mut limiter = make("limiter")?;
    if let Some(index) = limiter.description().index_of("ceiling_dbtp") {
        limiter.set(index, delivery.output.ceiling_dbtp - MARGIN_DB);
    }
    let because = "the decoded stream of a codec went over full scale without it";
    delivery.steps.push(Step::new("limiter", Family::Level, limiter).because(because).sealed());
    Ok(())
}

/// A file as dense as this under the floor prints the same tenth as one on it, LU.
const PRINTED_LU: f64 = 0.05;

/// Said of a master that is denser than its destination advises, whatever made it so: measured on the file.
fn dense(waiting: &Waiting, target: &Target) -> Option<Finding> {
    let (least, plr_lu) = (target.min_plr_lu.as_ref()?.value, waiting.file.written().measured.plr_lu?);
    if plr_lu >= least - PRINTED_LU {
        return None;
    }
    let finding =
        Finding::new("low_plr", Severity::Warning, format!("peak to loudness ratio {plr_lu:.1} LU"));
    let advice = "the print itself is that dense, or more level was asked for than it takes: ask for a mix with more \
                  headroom, or for less";
    Some(finding.about(&target.name).limit(format!("{least:.1} LU")).advice(advice))
}

/// What should be known of the density of a master, and of its codecs.
pub(super) fn findings(waiting: &Waiting, target: &Target) -> Vec<Finding> {
    let told = waiting
        .codecs
        .iter()
        .filter_map(|outcome: &Outcome| outcome.finding(&target.name, target.codec_ceiling()));
    dense(waiting, target).into_iter().chain(waiting.lowered.iter().cloned()).chain(told).collect()
}

/// What a delivery of short programmes has to hold besides: the loudest moments (EBU R 128 s1).
pub(super) fn moments(waiting: &Waiting, target: &Target) -> Option<Finding> {
    let measured = &waiting.file.written().measured;
    let (short_term, momentary) = (measured.max_short_term_lufs, measured.max_momentary_lufs);
    if target.moments_fit(short_term, momentary) {
        return None;
    }
    let level = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |lufs| format!("{lufs:.1} LUFS"));
    let limit = |fact: &Option<crate::targets::Fact<f64>>| level(fact.as_ref().map(|fact| fact.value));
    let said = format!("short-term {}, momentary {}", level(short_term), level(momentary));
    Some(
        Finding::new("loud_moments", Severity::Warning, said)
            .about(&target.name)
            .limit(format!(
                "short-term {} or momentary {}",
                limit(&target.max_short_term_lufs),
                limit(&target.max_momentary_lufs)
            ))
            .advice("compress the loudest passage in the mix, or ask for a lower loudness: broadcasters refuse it"),
    )
}

/// Reads `[tags]` of a chain.
pub(super) fn read(reader: &mut Reader<'_>, take: &mut Take<'_>, chain: &mut Chain) {
    let Some(mut table) = take.take("tags").and_then(|node| reader.table(&node, "tags")) else { return };
    texts(reader, &mut table, &mut chain.tags);
    if let Some(node) = table.take("artwork") {
        chain.artwork_file = reader.text(&node, "artwork").unwrap_or_default();
    }
    table.finish(reader, "[tags]");
}

fn texts(reader: &mut Reader<'_>, table: &mut Take<'_>, tags: &mut Tags) {
    for (name, _) in tags::names() {
        let Some(node) = table.take(name) else { continue };
        let number =
            node.as_number().filter(|number| number.fract() == 0.0).map(|number| format!("{number:.0}"));
        let Some(text) = number.or_else(|| reader.text(&node, name)) else { continue };
        if let Err(error) = tags.set(name, &text) {
            reader.say(&node.span, wrong(error.code, error.what));
        }
    }
}

/// Tags of a file with one `name = "text"` a line.
///
/// # Errors
/// What reading says; `not_toml`, and everything that is wrong with a tag, with its place.
pub fn load_tags(path: &Path) -> std::result::Result<Tags, Vec<Error>> {
    let text = crate::files::read_text(path, "the tags", MOST_BYTES).map_err(|error| vec![error])?;
    let file = path.display().to_string();
    let mut reader = Reader::new(&file, &text);
    let mut tags = Tags::default();
    match toml_edit::Document::parse(text.as_str()) {
        Err(error) => {
            let span = error.span().unwrap_or(0..0);
            reader.say(&span, wrong("not_toml", format!("not TOML: {}", error.message().trim_end())));
        }
        Ok(document) => {
            if let Some(mut table) = Node::of_table(document.as_table()).as_table() {
                texts(&mut reader, &mut table, &mut tags);
                table.finish(&mut reader, "a file of tags");
            }
        }
    }
    let errors = reader.into_errors();
    if errors.is_empty() { Ok(tags) } else { Err(errors) }
}

/// Largest file of tags, by our own convention.
const MOST_BYTES: u64 = 1 << 20;

/// `[tags]` as text; empty when there are none.
pub(super) fn write(chain: &Chain) -> String {
    if chain.tags.is_empty() && chain.artwork_file.is_empty() {
        return String::new();
    }
    let mut text = String::from("\n# Written into every master, over the tags of the print.\n[tags]\n");
    let artwork = Some(("artwork", chain.artwork_file.as_str())).filter(|(_, file)| !file.is_empty());
    for (name, said) in chain.tags.named().chain(artwork) {
        let _ = writeln!(text, "{name} = {}", toml_edit::Value::from(said));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ceiling_is_lowered_by_limiting_where_a_loudness_is_asked_for_and_by_softness_where_none_is() {
        use crate::master::chain::{Aim, Output};
        let delivery = |aim: Option<Aim>, steps: Vec<Step>| Delivery {
            target: "spotify".into(),
            file: "a.wav".into(),
            output: Output { gain_db: 3.0, ceiling_dbtp: -1.0, ..Output::default() },
            aim,
            steps,
            because: Vec::new(),
            locked: false,
            proposed: None,
        };
        let limiter = || {
            let mut limiter = make("limiter").unwrap();
            let index = limiter.description().index_of("ceiling_dbtp").unwrap();
            limiter.set(index, -1.1);
            Step::new("limiter", Family::Level, limiter)
        };
        let after = |mut delivery: Delivery| {
            lower_ceiling(&mut delivery, 0.5).unwrap();
            let held =
                delivery.steps.iter().find(|step| step.limits()).map(|step| {
                    step.settings.get(step.settings.description().index_of("ceiling_dbtp").unwrap())
                });
            (delivery.output.gain_db, delivery.output.ceiling_dbtp, held)
        };
        let near = |found: (f64, f64, Option<f64>), wanted: (f64, f64, Option<f64>)| {
            let same = |a: f64, b: f64| (a - b).abs() < 0.03;
            let held = match (found.2, wanted.2) {
                (Some(a), Some(b)) => same(a, b),
                (a, b) => a.is_none() && b.is_none(),
            };
            assert!(same(found.0, wanted.0) && same(found.1, wanted.1) && held, "{found:?} {wanted:?}");
        };
        near(after(delivery(Some(Aim::default()), vec![limiter()])), (3.0, -1.5, Some(-1.6)));
        near(after(delivery(Some(Aim::default()), Vec::new())), (3.0, -1.5, Some(-1.6)));
        near(after(delivery(None, vec![limiter()])), (2.5, -1.5, Some(-1.6)));
        near(after(delivery(None, Vec::new())), (2.5, -1.5, None));
    }

    #[test]
    fn tags_survive_the_text_of_a_chain() {
        let mut chain = Chain {
            source_file: "a.wav".into(),
            source_blake3: "00".into(),
            artwork_file: "cover \"1\".png".into(),
            ..Chain::default()
        };
        for (name, text) in [("title", "Night \"Train\""), ("isrc", "DE-A12-26-00001"), ("track", "3/12")] {
            chain.tags.set(name, text).unwrap();
        }
        let master = "\n[[master]]\ntarget = \"cd\"\nfile = \"a.cd.wav\"\n";
        let text = format!("{}{master}", chain.to_toml());
        let read = Chain::parse(&text, "master.toml").expect("our own text is readable");
        assert_eq!((read.tags, read.artwork_file), (chain.tags, chain.artwork_file));
        assert!(text.contains("isrc = \"DEA122600001\"\n"), "{text}");
        let bad = text.replace("DEA122600001", "nonsense");
        let errors = Chain::parse(&bad, "master.toml").expect_err("no ISRC");
        let line = 1 + bad[..bad.find("nonsense").unwrap()].matches('\n').count();
        assert_eq!((errors[0].code, errors[0].place.as_ref().map(|p| p.line)), ("bad_isrc", Some(line)));
        let typo = text.replace("title =", "titel =");
        let errors = Chain::parse(&typo, "master.toml").expect_err("a typo");
        assert_eq!(errors[0].hint.as_deref(), Some("did you mean `title`?"));
        assert!(!Chain::default().to_toml().contains("[tags]"));
    }
}
