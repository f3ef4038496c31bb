//! The picture on `/trust` that a phone reads the address from: drawn once per address and kept.
//!
//! The address comes from the request, so anybody can ask for pictures of addresses that nobody else wants. Both what is
//! kept and how often something new is drawn are bounded.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

/// Pictures that are kept; the oldest gives way.
const KEPT_MAX: usize = 32;
/// Pictures that are drawn in one second at most.
const DRAWN_PER_S_MAX: u32 = 8;

/// What there is for an address.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Picture {
    /// The picture as SVG.
    Svg(Bytes),
    /// Too many others were drawn just now.
    Later,
    /// The address is too long for one.
    Impossible,
}

/// The pictures drawn so far.
#[derive(Default)]
pub(crate) struct Pictures(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    kept: VecDeque<(String, Bytes)>,
    second_began: Option<Instant>,
    drawn: u32,
}

impl Pictures {
    /// The picture of an address.
    pub(super) fn of(&self, address: &str, now: Instant) -> Picture {
        {
            let mut inner = self.lock();
            if let Some((_, svg)) = inner.kept.iter().find(|(known, _)| known == address) {
                return Picture::Svg(svg.clone());
            }
            if !inner.may_draw(now) {
                return Picture::Later;
            }
        }
        // Drawn outside the lock: those who want a picture that is there must not wait for it.
        let Ok(code) = qrcode::QrCode::new(address.as_bytes()) else { return Picture::Impossible };
        let svg = Bytes::from(code.render::<qrcode::render::svg::Color>().build());
        let mut inner = self.lock();
        if inner.kept.len() >= KEPT_MAX {
            inner.kept.pop_front();
        }
        inner.kept.push_back((address.to_owned(), svg.clone()));
        Picture::Svg(svg)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing under this lock can stop halfway.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn may_draw(&mut self, now: Instant) -> bool {
        let same = self.second_began.is_some_and(|began| now.duration_since(began) < Duration::from_secs(1));
        if !same {
            self.second_began = Some(now);
            self.drawn = 0;
        }
        self.drawn = self.drawn.saturating_add(1);
        self.drawn <= DRAWN_PER_S_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn svg(picture: Picture) -> Bytes {
        let Picture::Svg(bytes) = picture else { panic!("no picture") };
        bytes
    }

    #[test]
    fn the_same_address_is_drawn_once() {
        let (pictures, now) = (Pictures::default(), Instant::now());
        let first = svg(pictures.of("http://chat.example/trust", now));
        for _ in 0..100 {
            assert_eq!(svg(pictures.of("http://chat.example/trust", now)).as_ptr(), first.as_ptr());
        }
        assert!(first.starts_with(b"<?xml"));
    }

    #[test]
    fn made_up_addresses_cost_a_bounded_number_of_drawings_and_bounded_memory() {
        let (pictures, now) = (Pictures::default(), Instant::now());
        let made_up = |number: u32| format!("http://h{number}/trust");
        let drawn = (0..100).filter(|number| matches!(pictures.of(&made_up(*number), now), Picture::Svg(_))).count();
        assert_eq!(drawn, DRAWN_PER_S_MAX as usize);
        for second in 1..20 {
            let then = now + Duration::from_secs(second);
            let number = 1_000 * u32::try_from(second).unwrap();
            (0..9).for_each(|more| drop(pictures.of(&made_up(number + more), then)));
        }
        assert_eq!(pictures.lock().kept.len(), KEPT_MAX);
        let long = "x".repeat(5_000);
        assert_eq!(pictures.of(&long, now + Duration::from_secs(60)), Picture::Impossible);
    }
}
