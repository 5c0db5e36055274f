//! Chief orbit, relative orbital elements, impulses and the radial–transverse–normal (RTN) frame. Knows nothing of Bevy.
