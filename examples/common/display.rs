//! Whether a window can be opened and anything drawn, told before anything tries and panics.

/// Why no window can be opened here; `None` where one can, as far as that can be told beforehand.
///
/// The window is an X11 one; under Wayland it needs XWayland, which sets `DISPLAY` too.
pub fn why_no_window() -> Option<String> {
    #[cfg(target_os = "linux")]
    {
        let display = std::env::var("DISPLAY").unwrap_or_default();
        if display.is_empty() {
            return Some("DISPLAY is not set".to_owned());
        }
        if !x11::answers(&display) {
            return Some(format!("no X server answers at DISPLAY={display}"));
        }
    }
    None
}

/// Why nothing can be drawn here; `None` where it can, as far as that can be told beforehand.
pub fn why_no_renderer() -> Option<String> {
    let is_told = cfg!(all(target_os = "linux", feature = "vulkan"));
    (is_told && bevy_proxops::network::adapters().is_empty()).then(|| {
        "no Vulkan driver is found; install the driver of the graphics card, or mesa-vulkan-drivers, which draws on the \
         processor"
            .to_owned()
    })
}

#[cfg(target_os = "linux")]
mod x11 {
    use std::net::{TcpStream, ToSocketAddrs};
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixStream};
    use std::time::Duration;

    /// A server on another machine that takes longer is of no use for 3D either.
    const PATIENCE: Duration = Duration::from_secs(3);
    const FIRST_PORT: u16 = 6000;

    /// Whether a server listens at `[protocol/][host]:number[.screen]`. What it cannot read, it leaves to X11 to judge.
    pub fn answers(display: &str) -> bool {
        let Some((host, number)) = display.rsplit_once(':') else { return true };
        let number = number.split('.').next().unwrap_or_default();
        let Ok(number) = number.parse::<u16>() else { return true };
        match host {
            "" | "unix" => local_answers(number),
            host if host.contains('/') => true,
            host => FIRST_PORT.checked_add(number).is_some_and(|port| remote_answers(host, port)),
        }
    }

    fn local_answers(number: u16) -> bool {
        let path = format!("/tmp/.X11-unix/X{number}");
        let without_file = SocketAddr::from_abstract_name(&path).and_then(|address| UnixStream::connect_addr(&address));
        UnixStream::connect(&path).or(without_file).is_ok()
    }

    fn remote_answers(host: &str, port: u16) -> bool {
        let Ok(addresses) = (host, port).to_socket_addrs() else { return false };
        addresses.into_iter().any(|address| TcpStream::connect_timeout(&address, PATIENCE).is_ok())
    }
}
