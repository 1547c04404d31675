//! Sessions in which only a part is heard, and everything else happens as before.
//!
//! Nothing is taken away: strips that are not heard keep running, so that side-chains hear what they always hear and every
//! latency stays what it was. They are led through a closed bus on their way out. So, as long as nothing on a shared path
//! depends on level, the parts of a session add up to it.

use crate::session::controls::OFF_DB;
use crate::session::{
    Bus, BusLayout, Controls, MIX, Named, Part, Send, SendControls, Session, Strip, Tap, Vca, VcaControls,
};
use dsp::block::Buffer;
use dsp::rng::CounterRng;
use fx::{AnyKernel, AnyProcessor, Fields, Format};

/// The session with only those tracks heard for which `heard` says so, and their share of everything they feed.
#[must_use]
pub fn tracks(session: &Session, heard: &dyn Fn(&str) -> bool) -> Session {
    let mut part = with_whole_keys(session);
    let quiet: Vec<String> =
        session.tracks.iter().map(|track| track.strip.id.clone()).filter(|id| !heard(id)).collect();
    for id in &quiet {
        close(&mut part, id);
        mute_sends(&mut part, id, &|send| !send.to.id.starts_with(WHOLE));
    }
    part
}

/// The session without sends.
#[must_use]
pub fn without_sends(session: &Session) -> Session {
    let mut part = session.clone();
    for id in ids(session) {
        mute_sends(&mut part, &id, &|send| !send.to.id.starts_with(WHOLE));
    }
    part
}

/// The session with only what comes out of the bus `id`, and that only as far as it came in by sends.
pub(super) fn return_of(session: &Session, id: &str) -> Session {
    let chain = chain(session, id);
    let mut part = with_whole_keys(session);
    let behind = |to: &str| to == MIX || chain.iter().any(|strip| strip == to);
    for strip in session.strips() {
        if chain.contains(&strip.id) {
            continue;
        }
        if behind(&strip.output.id) {
            close(&mut part, &strip.id);
        }
        mute_sends(&mut part, &strip.id, &|send| send.to.id != id && behind(&send.to.id));
    }
    part
}

/// The session with the faders of some tracks up or down.
pub(super) fn raised(session: &Session, tracks: &[String], db: f64) -> Session {
    let mut part = session.clone();
    let members = tracks.iter().map(|id| Named { id: id.clone(), span: 0..0 }).collect();
    let controls = VcaControls { fader_db: db, ..VcaControls::default() };
    let id = "alternate:level".to_owned();
    part.vcas.push(Vca { name: id.clone(), id, controls, members, folder: None, span: 0..0 });
    part
}

/// A bus and the buses it goes through, down to the mix bus and without it.
pub(super) fn chain(session: &Session, id: &str) -> Vec<String> {
    let mut chain = Vec::new();
    let mut next = id;
    while let Some(strip) = session.strip(next).filter(|strip| strip.id != MIX) {
        // A session that was parsed has no circle.
        if chain.iter().any(|other| other == next) {
            break;
        }
        chain.push(strip.id.clone());
        next = &strip.output.id;
    }
    chain
}

/// Buses that something is sent to.
pub(super) fn returns(session: &Session) -> Vec<String> {
    let sent = |id: &str| session.strips().any(|strip| strip.sends.iter().any(|send| send.to.id == id));
    session.buses.iter().map(|bus| bus.strip.id.clone()).filter(|id| sent(id)).collect()
}

fn ids(session: &Session) -> Vec<String> {
    session.strips().map(|strip| strip.id.clone()).chain([MIX.to_owned()]).collect()
}

/// A strip that does nothing, like `like`.
fn plain(like: &Strip, id: String) -> Strip {
    let controls = Controls::default();
    Strip { name: id.clone(), id, controls, inserts: Vec::new(), sends: Vec::new(), ..like.clone() }
}

/// Leads the output of a strip through a closed bus: it is there, and silent.
fn close(session: &mut Session, id: &str) {
    let Some(strip) = session.strip_mut(id) else { return };
    let mut closed = plain(strip, format!("closed:{id}"));
    closed.controls.fader_db = OFF_DB;
    strip.output.id.clone_from(&closed.id);
    session.buses.push(Bus { strip: closed, layout: BusLayout::Stereo, members: Vec::new() });
}

fn mute_sends(session: &mut Session, id: &str, which: &dyn Fn(&Send) -> bool) {
    let Some(strip) = session.strip_mut(id) else { return };
    let mut muted = Vec::new();
    for (number, send) in strip.sends.iter_mut().enumerate().filter(|(_, send)| which(send)) {
        send.controls.mute = true;
        muted.push(number);
    }
    let mute = SendControls::PARAMS.iter().position(|param| param.key == "mute");
    session.automation.retain(|curve| match curve.target.part {
        Part::Send { send, index } => {
            curve.target.strip != id || Some(index) != mute || !muted.contains(&send)
        }
        _ => true,
    });
}

/// How the names of buses begin that run only for side-chains.
const WHOLE: &str = "whole:";

/// Where a side-chain listens to a bus, that bus is there a second time, fed by everything and heard by nothing: what it says
/// does not depend on the part that is heard.
fn with_whole_keys(session: &Session) -> Session {
    let mut part = session.clone();
    let is_bus = |id: &str| session.buses.iter().any(|bus| bus.strip.id == id);
    let keys = |strip: &Strip| {
        let keys = strip.inserts.iter().filter_map(|insert| insert.key.as_ref());
        keys.map(|key| key.from.id.clone()).collect::<Vec<_>>()
    };
    if !session.strips().chain([&session.mix]).flat_map(keys).any(|id| is_bus(&id)) {
        return part;
    }
    let whole = |id: &str| format!("{WHOLE}{id}");
    let nowhere = whole("");
    let Some(first) = session.buses.first() else { return part };
    let mut sink = plain(&first.strip, nowhere.clone());
    sink.controls.mute = true;
    sink.output.id = MIX.to_owned();
    for bus in &session.buses {
        let mut copy = bus.clone();
        copy.strip.id = whole(&bus.strip.id);
        let to = &mut copy.strip.output.id;
        *to = if is_bus(to) { whole(to) } else { nowhere.clone() };
        copy.strip.sends.retain(|send| is_bus(&send.to.id));
        copy.strip.sends.iter_mut().for_each(|send| send.to.id = whole(&send.to.id));
        part.buses.push(copy);
    }
    part.buses.push(Bus { strip: sink, layout: BusLayout::Stereo, members: Vec::new() });
    for track in &mut part.tracks {
        feed_whole(&mut track.strip, &is_bus, &mut part.automation);
    }
    for curve in session.automation.iter().filter(|curve| is_bus(&curve.target.strip)) {
        let mut copy = curve.clone();
        copy.target.strip = whole(&curve.target.strip);
        part.automation.push(copy);
    }
    for vca in &mut part.vcas {
        let copies: Vec<Named> = vca.members.iter().filter(|member| is_bus(&member.id)).cloned().collect();
        vca.members.extend(copies.into_iter().map(|member| Named { id: whole(&member.id), ..member }));
    }
    let tracks = part.tracks.iter_mut().map(|track| &mut track.strip);
    let all = tracks.chain(part.buses.iter_mut().map(|bus| &mut bus.strip)).chain([&mut part.mix]);
    for key in all.flat_map(|strip| &mut strip.inserts).filter_map(|insert| insert.key.as_mut()) {
        if is_bus(&key.from.id) {
            key.from.id = whole(&key.from.id);
        }
    }
    part
}

/// Sends from a track to the second copy of everything it goes to.
fn feed_whole(
    strip: &mut Strip,
    is_bus: &dyn Fn(&str) -> bool,
    automation: &mut Vec<crate::session::Automation>,
) {
    let own = strip.sends.len();
    for send in 0..own {
        let mut copy = strip.sends[send].clone();
        if !is_bus(&copy.to.id) {
            continue;
        }
        copy.to.id = format!("{WHOLE}{}", copy.to.id);
        let number = strip.sends.len();
        strip.sends.push(copy);
        let curves: Vec<_> =
            automation.iter().filter(|curve| curve.target.strip == strip.id).cloned().collect();
        for mut curve in curves {
            if let Part::Send { send: of, index } = curve.target.part
                && of == send
            {
                curve.target.part = Part::Send { send: number, index };
                automation.push(curve);
            }
        }
    }
    if is_bus(&strip.output.id) {
        let to = Named { id: format!("{WHOLE}{}", strip.output.id), ..strip.output.clone() };
        let controls = SendControls { tap: Tap::PostPan, ..SendControls::default() };
        strip.sends.push(Send { to, controls });
    }
}

/// Frames a processor is listened to.
const PROBE_FRAMES: usize = 16_384;
/// Levels it is listened to at: 6 dB over full scale and 54 dB under it. Powers of two, so that nothing but the processor can
/// tell them apart.
const PROBE_LOUD: f64 = 2.0;
const PROBE_QUIET: f64 = 1.0 / 512.0;
/// Most a linear processor may differ, against its own peak. By our own convention: -160 dB.
const PROBE_TOLERANCE: f64 = 1e-8;

/// Whether a processor treats loud and soft alike: the same noise at two levels comes out the same but for the level.
pub(super) fn is_linear(settings: &dyn AnyProcessor, session: &Session) -> bool {
    let format = Format {
        sample_rate_hz: f64::from(session.sample_rate_hz),
        tempo_bpm: session.tempo_bpm,
        max_block_frames: PROBE_FRAMES,
        ..Format::default()
    };
    let [loud, quiet] = [PROBE_LOUD, PROBE_QUIET].map(|level| probe(settings.prepare(format), level));
    let peak = quiet.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    let ratio = PROBE_QUIET / PROBE_LOUD;
    let differs = loud.iter().zip(&quiet).map(|(a, b)| (a * ratio - b).abs()).fold(0.0, f64::max);
    differs <= PROBE_TOLERANCE * peak
}

fn probe(mut kernel: Box<dyn AnyKernel>, level: f64) -> Vec<f64> {
    let noise = |stream: u64, level: f64| -> Vec<f64> {
        let rng = CounterRng::new(1, stream);
        (0..PROBE_FRAMES as u64).map(|index| rng.bipolar(index) * level).collect()
    };
    let key = Buffer::from_planes(&[noise(3, 0.5), noise(4, 0.5)]);
    let mut audio = Buffer::from_planes(&[noise(1, level), noise(2, level)]);
    kernel.process(&mut audio.block().with_key(key.view()));
    [audio.channel(0), audio.channel(1)].concat()
}
