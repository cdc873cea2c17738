//! Sign-in by a provider, as the operator has set it up.

use crate::App;
use domain::TenantId;
use integrations::openid::Provider;
use storage::DbError;

/// The provider, and who may come from it.
#[derive(Clone)]
pub struct OpenId {
    /// The provider.
    pub provider: Provider,
    /// What stands on the button of the sign-in page.
    pub button: String,
    /// Whose addresses make somebody a member who is not known here; `None`: nobody's.
    pub join: Option<Join>,
}

/// Who becomes a member by signing in.
#[derive(Clone, Debug)]
pub struct Join {
    /// Name or id of the organisation.
    pub tenant: String,
    /// Domains of verified addresses, lower case.
    pub domains: Vec<String>,
}

impl OpenId {
    /// The organisation that somebody with this verified address joins, if there is one.
    pub(crate) async fn joins(&self, app: &App, email: &str) -> Result<Option<TenantId>, DbError> {
        let Some(join) = self.join.as_ref().filter(|join| join.takes(email)) else { return Ok(None) };
        let mut tenants = app.db.tenants().await?.into_iter();
        let named = tenants.find(|tenant| tenant.name == join.tenant || tenant.id.to_string() == join.tenant);
        if named.is_none() {
            tracing::warn!(tenant = join.tenant, "openid.join_tenant is no organisation here: nobody joins");
        }
        Ok(named.map(|tenant| tenant.id))
    }
}

impl Join {
    fn takes(&self, email: &str) -> bool {
        let domain = email.rsplit_once('@').map(|(_, domain)| domain.to_lowercase());
        domain.is_some_and(|domain| domain::user::is_email(email) && self.domains.contains(&domain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_the_whole_of_what_follows_the_last_at() {
        let join = Join { tenant: "Acme".into(), domains: vec!["example.com".into()] };
        assert!(join.takes("ann@Example.COM"));
        for no in
            ["ann@evil-example.com", "ann@sub.example.com", "example.com", "a@example.com@evil.org", "@example.com"]
        {
            assert!(!join.takes(no), "{no}");
        }
    }
}
