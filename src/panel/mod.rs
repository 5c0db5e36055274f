//! The egui panels: parameters, run control, plots, search inspector.
