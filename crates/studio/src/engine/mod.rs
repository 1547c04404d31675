//! Graph, plan, verified schedule, render.
