//! Monte-Carlo tree search over beliefs: arena, gather/apply halves, selection rules, planners. Knows nothing of Bevy.
