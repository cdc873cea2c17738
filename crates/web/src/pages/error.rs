//! The pages for what went wrong: 403, 404, 500.

use super::layout::{Area, Layout, SignedIn};
use askama::Template;

/// A page that says what went wrong and what to do.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/error.html")]
pub struct ErrorPage {
    /// The frame.
    pub layout: Layout,
    /// HTTP status code.
    pub code: u16,
    /// What happened, in a few words.
    pub heading: &'static str,
    /// What to do now.
    pub advice: &'static str,
    /// Request id, for whoever is asked about it.
    pub reference: Option<String>,
}

impl ErrorPage {
    /// 404: nothing here, or nothing that this tenant may know of.
    pub fn not_found(who: Option<SignedIn>) -> Self {
        Self::new(
            404,
            "Page not found",
            "The address may be mistyped, or what it led to has been erased or belongs to another organisation.",
            who,
        )
    }

    /// 500: our fault; `reference` is the request id that stands in the log.
    pub fn server_error(who: Option<SignedIn>, reference: Option<String>) -> Self {
        let page = Self::new(
            500,
            "Something went wrong on our side",
            "Nothing of yours is lost. Try again in a moment; if it happens again, pass on the reference below.",
            who,
        );
        Self { reference, ..page }
    }

    /// 403: a page for administrators.
    pub fn forbidden(who: SignedIn) -> Self {
        Self::new(
            403,
            "Only administrators can open this page",
            "Ask an administrator of your organisation to do it, or to make you one.",
            Some(who),
        )
    }

    /// 403: an operator only looks.
    pub fn looks_only(who: SignedIn) -> Self {
        Self::new(
            403,
            "An operator only looks",
            "Nothing was changed. What is to be done here an administrator of the organisation does.",
            Some(who),
        )
    }

    /// 403: a form that was open for too long, or came from elsewhere.
    pub fn form_expired(who: SignedIn) -> Self {
        Self::new(
            403,
            "This form was open for too long",
            "Nothing was changed. Go back, reload the page and send it again.",
            Some(who),
        )
    }

    /// 503: too many passwords are checked at once.
    pub fn busy() -> Self {
        Self::new(
            503,
            "Too many people sign in at this moment",
            "Nothing was changed. Go back, wait some seconds, and send it again.",
            None,
        )
    }

    /// 404: the first organisation is there already.
    pub fn set_up_already() -> Self {
        Self::new(
            404,
            "This server is set up already",
            "Somebody else was faster, or the form was sent twice. Nothing of what you typed was kept. Sign in, or ask for a login.",
            None,
        )
    }

    fn new(code: u16, heading: &'static str, advice: &'static str, who: Option<SignedIn>) -> Self {
        let layout = Layout { title: heading.into(), area: Area::Elsewhere, who };
        Self { layout, code, heading, advice, reference: None }
    }
}
