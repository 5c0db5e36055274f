//! The partially observable decision problem: scenario, state, actions, reward, one step, metrics. Knows nothing of Bevy.
