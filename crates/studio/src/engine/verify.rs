//! Looks at a finished schedule with fresh eyes: nothing of the compiler is used but its result.

use super::graph::{Graph, Role, Wire, strip};
use super::plan::{EdgePlan, Plan, Step};
use crate::message::{Error, Kind, Result};
use crate::session::{Session, Tap};
use std::collections::BTreeSet;

/// Refuses a schedule in which a buffer has two writers, a step reads what is not there yet or at the wrong tap, two
/// paths meet unaligned, buses sum out of order, a wire of the routing is missing or there twice, a VCA or a mute does
/// not reach what it moves, or a key is heard too early or unasked.
pub fn verify(plan: &Plan, graph: &Graph, session: &Session) -> Result<()> {
    buffers(plan)?;
    wires(plan, graph)?;
    moved(plan, session)?;
    for step in &plan.steps {
        listens(step, session)?;
    }
    for (number, step) in plan.steps.iter().enumerate() {
        check_step(plan, number, step)?;
        channels(plan, number, step)?;
    }
    let Some(last) = plan.steps.last() else { return Err(wrong("there is no step")) };
    if leaving(last) != plan.latency_frames {
        return Err(wrong("the head that is cut off is not the latency of the mix bus"));
    }
    Ok(())
}

fn wrong(what: impl Into<String>) -> Error {
    Error::new(Kind::Internal, "bad_schedule", what)
        .hint("this is a fault of the program: please report the session")
}

fn buffers(plan: &Plan) -> Result<()> {
    let mut seen = BTreeSet::new();
    for (number, buffer) in plan.buffers.iter().enumerate() {
        let Some(writer) = plan.steps.get(buffer.step) else { return Err(wrong("a buffer has no writer")) };
        if !seen.insert((buffer.step, fx::Choice::index(buffer.tap))) {
            return Err(wrong(format!("buffer {number} is used twice")));
        }
        let late = if buffer.tap == Tap::PreFx { writer.arrival_frames } else { leaving(writer) };
        if late != buffer.latency_frames {
            return Err(wrong(format!(
                "buffer {number} is {late} frames late, not {}",
                buffer.latency_frames
            )));
        }
    }
    Ok(())
}

/// How late a step is, counted through its processors.
fn leaving(step: &Step) -> usize {
    step.inserts
        .iter()
        .fold(step.arrival_frames, |late, insert| late + insert.align_frames + insert.latency_frames)
}

fn wires(plan: &Plan, graph: &Graph) -> Result<()> {
    let keys = plan.steps.iter().flat_map(|step| &step.inserts).filter_map(|insert| insert.key.as_ref());
    let mut found: Vec<_> =
        plan.steps.iter().flat_map(|step| &step.inputs).chain(keys).map(|edge| edge.wire).collect();
    found.sort_by_key(Wire::place);
    let mut wanted = graph.wires.clone();
    wanted.sort_by_key(Wire::place);
    if found == wanted {
        Ok(())
    } else {
        Err(wrong("the wires of the schedule are not those of the session"))
    }
}

fn check_step(plan: &Plan, number: usize, step: &Step) -> Result<()> {
    let sums = step.inputs.iter().map(|edge| (edge, step.arrival_frames, false));
    let keys =
        step.inserts.iter().filter_map(|insert| Some((insert.key.as_ref()?, insert.arrival_frames, true)));
    for (edge, arrival, key) in sums.chain(keys) {
        check_edge(plan, number, step, edge, arrival)?;
        if key != matches!(edge.wire.role, Role::Key(_)) {
            return Err(wrong(format!("step {number} takes a key for a signal")));
        }
    }
    if step.inputs.windows(2).any(|pair| pair[0].wire.place() >= pair[1].wire.place()) {
        return Err(wrong(format!("step {number} sums out of order")));
    }
    if step.inputs.is_empty() && step.arrival_frames != 0 {
        return Err(wrong(format!("step {number} is late without a cause")));
    }
    let mut late = step.arrival_frames;
    for insert in &step.inserts {
        late += insert.align_frames;
        if late != insert.arrival_frames {
            return Err(wrong(format!("insert {} of step {number} is not where it says", insert.index)));
        }
        late += insert.latency_frames;
    }
    Ok(())
}

/// Every buffer is as wide as its strip is at its tap, and every edge joins what is there to what is there.
fn channels(plan: &Plan, number: usize, step: &Step) -> Result<()> {
    let (own, panned) = (step.layout.channels(), step.panned.channels());
    if own != step.channels || own == 0 || panned == 0 {
        return Err(wrong(format!("step {number} has {} channels and {own} loudspeakers", step.channels)));
    }
    if own.max(panned) > 2
        && [&step.layout, &step.panned].iter().any(|layout| layout.places().len() != layout.channels())
    {
        return Err(wrong(format!("step {number} has a loudspeaker that nobody knows")));
    }
    // Pan keeps a width, or makes two of one, or places one or two among more.
    if own != panned && !(own <= 2 && (panned > 2 || (own, panned) == (1, 2))) {
        return Err(wrong(format!("step {number} pans {own} channels to {panned}")));
    }
    for buffer in plan.buffers.iter().filter(|buffer| buffer.step == number) {
        let width = if buffer.tap == Tap::PostPan { panned } else { own };
        if buffer.channels != width {
            let what = format!("a buffer of step {number} has {} channels, not {width}", buffer.channels);
            return Err(wrong(what));
        }
    }
    let keys = step.inserts.iter().filter_map(|insert| insert.key.as_ref());
    for edge in step.inputs.iter().chain(keys) {
        let from = plan.buffers.get(edge.buffer).map_or(0, |buffer| buffer.channels);
        if edge.channels != (from, own) {
            let (a, b) = edge.channels;
            return Err(wrong(format!(
                "an edge of step {number} joins {a} channels to {b}, not {from} to {own}"
            )));
        }
        if own > 2 && from <= 2 && edge.wire.role == Role::Output {
            return Err(wrong(format!("a strip goes to step {number} without a place in it")));
        }
    }
    Ok(())
}

fn check_edge(plan: &Plan, number: usize, step: &Step, edge: &EdgePlan, arrival: usize) -> Result<()> {
    let Some(buffer) = plan.buffers.get(edge.buffer) else { return Err(wrong("an edge reads no buffer")) };
    let Some(writer) = plan.steps.get(buffer.step) else { return Err(wrong("a buffer has no writer")) };
    if buffer.step >= number || writer.level >= step.level {
        return Err(wrong(format!("step {number} reads buffer {} before it is filled", edge.buffer)));
    }
    if edge.wire.to != step.strip || edge.wire.from != writer.strip {
        return Err(wrong(format!("an edge of step {number} is at the wrong place")));
    }
    let folded = edge.wire.role == Role::Output && step.channels == 1 && buffer.tap == Tap::Post;
    if buffer.tap != edge.wire.tap && !folded {
        return Err(wrong(format!("an edge of step {number} leaves at the wrong tap")));
    }
    if buffer.latency_frames + edge.delay_frames != arrival {
        let late = buffer.latency_frames + edge.delay_frames;
        return Err(wrong(format!(
            "a path into step {number} is {late} frames late where {arrival} are right"
        )));
    }
    Ok(())
}

/// Whether every VCA reaches what it moves: from its members down, where the compiler came from the strips.
fn moved(plan: &Plan, session: &Session) -> Result<()> {
    for step in &plan.steps {
        let Some(strip) = strip(session, step.origin) else { return Err(wrong("a step is of no strip")) };
        let mut movers: BTreeSet<&str> = BTreeSet::from([strip.id.as_str()]);
        // Whoever has a mover among its members is a mover, until nobody new is found.
        let mut wanted: Vec<&str> = Vec::new();
        loop {
            let fresh = session.vcas.iter().filter(|vca| {
                !wanted.contains(&vca.id.as_str())
                    && vca.members.iter().any(|m| movers.contains(m.id.as_str()))
            });
            let fresh: Vec<&str> = fresh.map(|vca| vca.id.as_str()).collect();
            if fresh.is_empty() {
                break;
            }
            movers.extend(&fresh);
            wanted.extend(fresh);
        }
        wanted.sort_unstable();
        let found: Vec<&str> = step
            .vcas
            .iter()
            .filter_map(|index| session.vcas.get(*index))
            .map(|vca| vca.id.as_str())
            .collect();
        if found != wanted {
            return Err(wrong(format!("`{}` is not moved by the vcas it stands in", strip.id)));
        }
        for edge in &step.inputs {
            let ahead = matches!(edge.wire.tap, Tap::Pre | Tap::PreFx);
            let send = matches!(edge.wire.role, Role::Send(_));
            if edge.shut_ahead != (session.mute_pre_sends && ahead && send) {
                return Err(wrong(format!("a send into `{}` does not keep to its mute", strip.id)));
            }
        }
    }
    Ok(())
}

/// Whether keys are heard where that was asked for, as late as what they replace.
fn listens(step: &Step, session: &Session) -> Result<()> {
    for insert in &step.inserts {
        let written = strip(session, step.origin).and_then(|strip| strip.inserts.get(insert.index));
        let asked = written.and_then(|insert| insert.key.as_ref()).is_some_and(|key| key.controls.listen);
        let wanted = (asked && insert.key.is_some()).then_some(insert.latency_frames);
        if insert.listen_frames != wanted {
            return Err(wrong(format!("the key of insert {} is not heard as asked", insert.index)));
        }
    }
    Ok(())
}
