//! Learning from self-play: replay buffer, learner, history. Knows nothing of Bevy.
