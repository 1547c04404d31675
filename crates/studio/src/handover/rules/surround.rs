//! More than two channels.

use super::{Case, blocker};
use crate::message::Finding;

/// Mastering here is for stereo.
pub(super) fn judge(case: &Case<'_>) -> Option<Finding> {
    let channels = case.analysis.channels().len();
    (channels > 2).then(|| {
        blocker(format!("the file has {channels} channels: masters are stereo"))
            .limit("one or two channels")
            .advice("hand over its stereo downmix (tonmeister mix --downmix), or deliver the surround print as it is")
    })
}
