//! Texts that are looked for within others.

use sea_orm::sea_query::LikeExpr;

/// What `LIKE` finds a text with anywhere, each of its characters meaning itself.
pub(super) fn within(text: &str) -> LikeExpr {
    let literal = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    LikeExpr::new(format!("%{literal}%")).escape('\\')
}
