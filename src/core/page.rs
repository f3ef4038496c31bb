//! Lists are pages: so many items, and where the next page begins. A cursor is the key of the last item, so a page costs
//! the same at the end of a list as at its start, and items that come or go in between shift nothing.

use crate::limits::{PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX};

/// Which part of a list is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ask<C> {
    /// The cursor that came with the page before; none for the first page.
    pub after: Option<C>,
    /// How many items; brought into 1 to `PAGE_ITEMS_MAX`.
    pub limit: usize,
}

impl<C> Default for Ask<C> {
    fn default() -> Self {
        Self { after: None, limit: PAGE_ITEMS_DEFAULT }
    }
}

impl<C> Ask<C> {
    /// The number of items to give.
    pub fn items(&self) -> usize {
        self.limit.clamp(1, PAGE_ITEMS_MAX)
    }
}

/// A part of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page<T, C> {
    /// The items, in the order of the list.
    pub items: Vec<T>,
    /// Where the next page begins; none when this is the last one.
    pub next: Option<C>,
}

impl<T, C> Page<T, C> {
    /// Makes a page of rows, of which one more than wanted was read: that one only tells that there is a next page.
    pub fn of(mut rows: Vec<T>, wanted: usize, cursor: impl FnOnce(&T) -> C) -> Self {
        let more = rows.len() > wanted;
        rows.truncate(wanted);
        let next = if more { rows.last().map(cursor) } else { None };
        Self { items: rows, next }
    }

    /// The same page with each item changed.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U, C> {
        Page { items: self.items.into_iter().map(change).collect(), next: self.next }
    }
}

/// Which page of a list is wanted by protocols that count pages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PageNumber {
    /// The page, from 1.
    pub number: u64,
    /// Items of one page; brought into 1 to `PAGE_ITEMS_MAX`.
    pub size: usize,
}

impl PageNumber {
    /// The number of items to give.
    pub fn items(&self) -> usize {
        self.size.clamp(1, PAGE_ITEMS_MAX)
    }

    /// How many items lie before the page.
    pub fn skipped(&self) -> u64 {
        self.number.max(1).saturating_sub(1).saturating_mul(u64::try_from(self.items()).unwrap_or(u64::MAX))
    }
}

/// A page of a counted list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NumberedPage<T> {
    /// The items, in the order of the list.
    pub items: Vec<T>,
    /// How many the list has, over all pages.
    pub total: u64,
}

/// Whether an operation changed anything; a dialect that tells them apart names them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Done {
    /// It changed.
    Done,
    /// It was so before.
    AlreadySo,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_where_the_next_begins_only_if_there_is_one() {
        let page = Page::of(vec![1, 2, 3], 2, |n| *n);
        assert_eq!((page.items, page.next), (vec![1, 2], Some(2)));
        let page = Page::of(vec![1, 2], 2, |n| *n);
        assert_eq!((page.items, page.next), (vec![1, 2], None));
    }

    #[test]
    fn the_size_of_a_page_is_bounded() {
        let ask = |limit| Ask::<u64> { after: None, limit };
        assert_eq!(ask(0).items(), 1);
        assert_eq!(ask(usize::MAX).items(), PAGE_ITEMS_MAX);
        assert_eq!(ask(7).items(), 7);
    }
}
