//! Pictures without a window: the view is seen in an image, whose pixels come back as RGBA.

use std::sync::mpsc::channel;

use bevy::prelude::*;
use bevy::render::RenderApp;
use bevy::render::render_resource::TextureFormat;
use bevy::render::view::screenshot::{Screenshot, ScreenshotCaptured};
use thiserror::Error;

/// Makes an image take the place of the view's window: the view's own camera renders into it, unless a `Camera3d` of the
/// host's does. Add before the app starts.
///
/// ```no_run
/// # use bevy::prelude::*;
/// use bevy_proxops::view::{Capture, CapturePlugin};
/// let mut app = App::new();
/// // … the default plugins without a window, then those of this crate …
/// app.add_plugins(CapturePlugin { width: 960, height: 540 });
/// let mut capture = Capture::start(app);
/// let frame = capture.frame().unwrap();
/// assert_eq!(frame.rgba.len(), 960 * 540 * 4);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct CapturePlugin {
    /// Pixels across, at least 1.
    pub width: u32,
    /// Pixels down, at least 1.
    pub height: u32,
}

/// The image that takes the place of the view's window.
#[derive(Resource, Clone, Debug)]
pub struct CaptureTarget(pub Handle<Image>);

impl Plugin for CapturePlugin {
    fn build(&self, app: &mut App) {
        let Some(mut images) = app.world_mut().get_resource_mut::<Assets<Image>>() else { return };
        let image =
            Image::new_target_texture(self.width.max(1), self.height.max(1), TextureFormat::Rgba8UnormSrgb, None);
        let handle = images.add(image);
        app.insert_resource(CaptureTarget(handle));
    }
}

/// One picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapturedFrame {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// sRGB with alpha, four bytes a pixel, row by row from the upper left corner; alpha is 255.
    pub rgba: Vec<u8>,
}

impl CapturedFrame {
    /// Red, green and blue of a pixel; black outside the picture.
    pub fn pixel(&self, x: u32, y: u32) -> [u8; 3] {
        let start = (y as usize * self.width as usize + x as usize) * 4;
        match self.rgba.get(start..start + 3) {
            Some(&[r, g, b]) if x < self.width => [r, g, b],
            _ => [0; 3],
        }
    }
}

/// Why no picture could be taken.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum CaptureError {
    /// Nothing renders: the app has no `RenderApp`, or no [`CapturePlugin`] was added after it.
    #[error("no picture: the app has no renderer, or CapturePlugin was not added after the default plugins")]
    NoRenderer,
    /// The renderer gave nothing back.
    #[error("no picture after {updates} updates of the app")]
    NoAnswer {
        /// Updates waited for.
        updates: u32,
    },
    /// The picture's format is not the one that was asked for.
    #[error("a picture of {pixels} pixels came back with {bytes} bytes instead of four a pixel")]
    UnknownFormat {
        /// Pixels of the picture.
        pixels: usize,
        /// Bytes of the picture.
        bytes: usize,
    },
}

/// Drives an app without a window and takes its picture.
pub struct Capture {
    app: App,
}

impl Capture {
    /// Finishes the app's plugins; from here on only [`Capture`] updates it.
    pub fn start(mut app: App) -> Self {
        app.finish();
        app.cleanup();
        Self { app }
    }

    /// The app, for looking into its world or sending commands.
    pub fn app(&mut self) -> &mut App {
        &mut self.app
    }

    /// Lets `updates` frames pass without a picture.
    pub fn run(&mut self, updates: u32) {
        (0..updates).for_each(|_| self.app.update());
    }

    /// Updates the app until its next picture is there: usually three frames.
    ///
    /// # Errors
    /// [`CaptureError`] if nothing renders.
    pub fn frame(&mut self) -> Result<CapturedFrame, CaptureError> {
        const MOST_UPDATES: u32 = 200;
        let target = self.app.world().get_resource::<CaptureTarget>().cloned();
        let Some(CaptureTarget(image)) = target.filter(|_| self.app.get_sub_app(RenderApp).is_some()) else {
            return Err(CaptureError::NoRenderer);
        };
        let (sender, receiver) = channel();
        self.app.world_mut().spawn(Screenshot::image(image)).observe(move |shot: On<ScreenshotCaptured>| {
            // The receiver is gone only when nobody waits for the picture any more.
            let _ = sender.send(shot.image.clone());
        });
        for _ in 0..MOST_UPDATES {
            self.app.update();
            if let Ok(image) = receiver.try_recv() {
                return into_frame(image);
            }
        }
        Err(CaptureError::NoAnswer { updates: MOST_UPDATES })
    }
}

fn into_frame(image: Image) -> Result<CapturedFrame, CaptureError> {
    let (width, height) = (image.width(), image.height());
    let pixels = width as usize * height as usize;
    let mut rgba = image.data.unwrap_or_default();
    if rgba.len() != pixels * 4 {
        return Err(CaptureError::UnknownFormat { pixels, bytes: rgba.len() });
    }
    rgba.chunks_exact_mut(4).for_each(|pixel| pixel[3] = u8::MAX);
    Ok(CapturedFrame { width, height, rgba })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_renderer_there_is_no_picture_and_no_panic() {
        let mut app = App::new();
        app.add_plugins((MinimalPlugins, CapturePlugin { width: 8, height: 8 }));
        assert_eq!(Capture::start(app).frame(), Err(CaptureError::NoRenderer));
    }

    #[test]
    fn pixels_outside_the_picture_are_black() {
        let frame = CapturedFrame { width: 2, height: 1, rgba: vec![1, 2, 3, 255, 4, 5, 6, 255] };
        assert_eq!([frame.pixel(0, 0), frame.pixel(1, 0)], [[1, 2, 3], [4, 5, 6]]);
        assert_eq!([frame.pixel(2, 0), frame.pixel(0, 1)], [[0; 3]; 2]);
    }
}
