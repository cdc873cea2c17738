//! Settings: one TOML file and `TRAINAR_…` variables. Unknown keys are refused.

use anyhow::{Context, Result, bail};
use config::{Config, Environment, File, FileFormat};
use extraction::Granularity;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::{
    collections::HashMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};
use web::MailEncryption;

/// The commented template that `trainar config` prints; it states every default.
pub const TEMPLATE: &str = include_str!("../../../docs/reference/config.toml");

/// Everything that can be set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the template documents them")]
pub struct Settings {
    pub data_dir: PathBuf,
    pub server: Server,
    pub mail: Mail,
    pub openid: OpenId,
    pub database: Database,
    pub objects: Objects,
    pub encryption: Encryption,
    pub speech: Speech,
    pub embedding: Embedding,
    pub language: Language,
    pub models: Models,
    pub media: Media,
    pub processing: Processing,
    pub limits: Limits,
    pub webhooks: Webhooks,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Webhooks {
    pub private_addresses: bool,
    pub http: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Server {
    pub listen: SocketAddr,
    pub tls: bool,
    pub behind_proxy: bool,
    pub work: bool,
    pub sign_in_attempts_per_minute: u32,
    pub admins_need_second_factor: bool,
    pub public_url: String,
    pub media_address_seconds: u64,
}

impl Server {
    /// Where people open it, as far as the settings say: what links begin with.
    pub fn origin(&self) -> String {
        match self.public_url.as_str() {
            "" => format!("{}://{}", if self.tls { "https" } else { "http" }, self.listen),
            url => url.to_owned(),
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Mail {
    pub host: String,
    pub port: u16,
    pub encryption: MailEncryption,
    pub user: String,
    pub password: SecretString,
    pub from: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct OpenId {
    pub issuer: String,
    pub client_id: String,
    pub client_secret: SecretString,
    pub client_secret_file: PathBuf,
    pub button: String,
    pub join_tenant: String,
    pub join_domains: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Database {
    pub url: SecretString,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Objects {
    pub endpoint: String,
    pub bucket: String,
    pub region: String,
    pub access_key: String,
    pub secret_key: SecretString,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Encryption {
    pub key_file: PathBuf,
    pub keys: SecretString,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Speech {
    pub whisper_model: PathBuf,
    pub pocketsphinx: PathBuf,
    pub threads: usize,
    pub vocabulary: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Models {
    pub folder: PathBuf,
    pub address: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Embedding {
    pub model: PathBuf,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Language {
    pub endpoint: String,
    pub api_key: SecretString,
    pub model: String,
    pub timeout_seconds: f64,
    pub max_tokens: u32,
    pub input_price: f64,
    pub output_price: f64,
    pub send_pictures: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Media {
    pub ffmpeg: PathBuf,
    pub ffprobe: PathBuf,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Processing {
    pub at_once: usize,
    pub lease_seconds: f64,
    pub poll_seconds: f64,
    pub attempts: u32,
    pub granularity: Granularity,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Limits {
    pub heartbeat_seconds: f64,
    pub upload_idle_hours: f64,
    pub upload_keep_hours: f64,
    pub upload_gigabytes: f64,
    pub api_requests_per_minute: u32,
    pub api_burst: u32,
}

impl Settings {
    /// Reads the defaults, then the file, then the variables.
    pub fn load(file: Option<&Path>) -> Result<Self> {
        Self::from(file, std::env::vars())
    }

    fn from(file: Option<&Path>, variables: impl Iterator<Item = (String, String)>) -> Result<Self> {
        // Of the program, not settings of it.
        let apart = |name: &str| {
            ["TRAINAR_CONFIG", "TRAINAR_LOG", "TRAINAR_SPOOL"].contains(&name) || name.starts_with("TRAINAR_TEST_")
        };
        let variables: HashMap<String, String> = variables.filter(|(name, _)| !apart(name)).collect();
        let mut builder = Config::builder().add_source(File::from_str(TEMPLATE, FileFormat::Toml));
        match file {
            Some(path) if !path.exists() => bail!("settings file {} does not exist", path.display()),
            Some(path) => builder = builder.add_source(File::from(path).format(FileFormat::Toml)),
            None => builder = builder.add_source(File::new("trainar.toml", FileFormat::Toml).required(false)),
        }
        let environment = Environment::with_prefix("TRAINAR")
            .prefix_separator("_")
            .separator("__")
            .try_parsing(true)
            .source(Some(variables));
        let mut settings: Self =
            builder.add_source(environment).build().and_then(Config::try_deserialize).context(
                "settings (file and TRAINAR_… variables); `trainar config` prints every key with its meaning",
            )?;
        settings.check()?;
        settings.place_models();
        Ok(settings)
    }

    /// What no type says: numbers that would break or stall the program are refused by name.
    fn check(&self) -> Result<()> {
        let (processing, limits) = (&self.processing, &self.limits);
        for (key, value, least, most) in [
            ("processing.lease_seconds", processing.lease_seconds, 0.5, 3600.0),
            ("processing.poll_seconds", processing.poll_seconds, 0.01, 60.0),
            ("processing.at_once", processing.at_once as f64, 1.0, 64.0),
            ("processing.attempts", f64::from(processing.attempts), 1.0, 1000.0),
            ("limits.heartbeat_seconds", limits.heartbeat_seconds, 1.0, 86_400.0),
            ("limits.upload_idle_hours", limits.upload_idle_hours, 0.0001, 87_600.0),
            ("limits.upload_keep_hours", limits.upload_keep_hours, 0.0001, 87_600.0),
            ("limits.upload_gigabytes", limits.upload_gigabytes, 0.000_001, 1_000_000.0),
            ("limits.api_requests_per_minute", f64::from(limits.api_requests_per_minute), 1.0, 1_000_000.0),
            ("limits.api_burst", f64::from(limits.api_burst), 1.0, 1_000_000.0),
            ("server.media_address_seconds", self.server.media_address_seconds as f64, 1.0, 31_536_000.0),
            ("server.sign_in_attempts_per_minute", f64::from(self.server.sign_in_attempts_per_minute), 1.0, 10_000.0),
            ("language.timeout_seconds", self.language.timeout_seconds, 1.0, 3600.0),
            ("language.max_tokens", f64::from(self.language.max_tokens), 256.0, 1_000_000.0),
            ("language.input_price", self.language.input_price, 0.0, 1e6),
            ("language.output_price", self.language.output_price, 0.0, 1e6),
            ("speech.threads", self.speech.threads as f64, 0.0, 1024.0),
        ] {
            if !(least..=most).contains(&value) {
                bail!("setting {key} is {value}; it takes {least} to {most}");
            }
        }
        let url = self.database.url.expose_secret();
        if !url.is_empty() && !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            bail!("setting database.url must begin with postgres:// (or be empty for SQLite in the data folder)");
        }
        self.check_mail()?;
        self.openid.check()?;
        self.language.check()
    }

    fn check_mail(&self) -> Result<()> {
        let url = &self.server.public_url;
        let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or_default();
        if !url.is_empty()
            && (host.is_empty() || host.contains(['/', '?', '#', '@']) || host.contains(char::is_whitespace))
        {
            bail!("setting server.public_url must be an address such as https://training.example.com, without a path");
        }
        if self.mail.host.is_empty() {
            return Ok(());
        }
        if url.is_empty() {
            bail!("setting mail.host needs server.public_url: the address that stands in mails");
        }
        if !self.mail.from.contains('@') {
            bail!("setting mail.from must be a sender such as TrainAR <training@example.com>");
        }
        Ok(())
    }

    /// Where the models lie, and with that what a model that is set by its name means. Here, as some commands have a data
    /// folder of their own.
    fn place_models(&mut self) {
        if set(&self.models.folder).is_none() {
            self.models.folder = self.data_dir.join("models");
        }
        if let Some(model) = set(&self.embedding.model) {
            self.embedding.model = inference::embedding::locate(model, &self.models.folder);
        }
        self.speech.whisper_model = inference::models::resolve(&self.speech.whisper_model, &self.models.folder);
    }

    /// The S3 settings; `None` keeps objects in the data folder.
    pub fn s3(&self) -> Option<&Objects> {
        (!self.objects.endpoint.is_empty() || !self.objects.bucket.is_empty()).then_some(&self.objects)
    }
}

impl OpenId {
    /// Whether people can sign in by a provider.
    pub fn is_set(&self) -> bool {
        !self.issuer.is_empty()
    }

    /// The domains whose people join, lower case.
    pub fn domains(&self) -> Vec<String> {
        let all = self.join_domains.split([',', ' ']).map(|domain| domain.trim().to_lowercase());
        all.filter(|domain| !domain.is_empty()).collect()
    }

    fn check(&self) -> Result<()> {
        if !self.is_set() {
            return Ok(());
        }
        if !integrations::openid::is_issuer(&self.issuer) {
            bail!(
                "setting openid.issuer must be an address such as https://id.example.com/realms/main (https, or this machine)"
            );
        }
        if self.client_id.is_empty() {
            bail!("setting openid.client_id is empty; it is the name by which the provider knows this installation");
        }
        if !self.client_secret.expose_secret().is_empty() && set(&self.client_secret_file).is_some() {
            bail!("set one of openid.client_secret and openid.client_secret_file");
        }
        if self.domains().is_empty() != self.join_tenant.is_empty() {
            bail!(
                "settings openid.join_domains and openid.join_tenant go together: whose addresses join which organisation"
            );
        }
        if let Some(odd) =
            self.domains().into_iter().find(|domain| !domain.contains('.') || domain.contains(['@', '/', '*']))
        {
            bail!("setting openid.join_domains: {odd:?} is no domain such as example.com");
        }
        Ok(())
    }
}

impl Language {
    /// Whether a language model is asked.
    pub fn is_set(&self) -> bool {
        !self.endpoint.is_empty()
    }

    fn check(&self) -> Result<()> {
        let Some((scheme, rest)) = self.endpoint.split_once("://").filter(|_| self.is_set()) else {
            if self.is_set() {
                bail!("setting language.endpoint must begin with http:// or https://");
            }
            return Ok(());
        };
        if !matches!(scheme, "http" | "https") || rest.contains(['@', '?', '#']) || rest.is_empty() {
            bail!(
                "setting language.endpoint must be an address such as http://127.0.0.1:11434/v1, without name, password or \
                 question mark; a key goes to language.api_key"
            );
        }
        if self.model.trim().is_empty() {
            bail!("setting language.model is empty; name the model that language.endpoint shall run");
        }
        Ok(())
    }
}

/// A path that an empty string leaves unset.
pub fn set(path: &Path) -> Option<&Path> {
    (!path.as_os_str().is_empty()).then_some(path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Result<Settings> {
        Settings::from(None, variables.iter().map(|(k, v)| (k.to_string(), v.to_string())))
    }

    #[test]
    fn the_template_is_a_complete_set_of_settings() {
        let settings = with(&[]).unwrap();
        assert_eq!(settings.server.listen.port(), 8080);
        assert!(settings.s3().is_none());
    }

    #[test]
    fn a_variable_goes_before_the_file_and_an_unknown_one_is_refused() {
        let settings = with(&[("TRAINAR_SERVER__LISTEN", "0.0.0.0:9000"), ("TRAINAR_DATA_DIR", "/x")]).unwrap();
        assert_eq!((settings.server.listen.port(), settings.data_dir.as_path()), (9000, Path::new("/x")));
        let refused = format!("{:#}", with(&[("TRAINAR_SERVER__PROT", "1")]).unwrap_err());
        assert!(refused.contains("prot"), "{refused}");
    }

    #[test]
    fn a_number_that_would_stall_the_program_is_refused_by_name() {
        for (name, value, key) in [
            ("TRAINAR_PROCESSING__AT_ONCE", "0", "processing.at_once"),
            ("TRAINAR_LIMITS__UPLOAD_KEEP_HOURS", "-1", "limits.upload_keep_hours"),
            ("TRAINAR_PROCESSING__LEASE_SECONDS", "1e300", "processing.lease_seconds"),
            ("TRAINAR_LIMITS__HEARTBEAT_SECONDS", "nan", "heartbeat_seconds"),
        ] {
            let refused = format!("{:#}", with(&[(name, value)]).unwrap_err());
            assert!(refused.contains(key), "{refused}");
        }
        let refused = format!("{:#}", with(&[("TRAINAR_DATABASE__URL", "mysql://u:hush@h/x")]).unwrap_err());
        assert!(refused.contains("database.url") && !refused.contains("hush"), "{refused}");
    }

    #[test]
    fn a_sentence_model_is_a_folder_or_a_name_in_the_data_folder() {
        let model =
            |name| with(&[("TRAINAR_DATA_DIR", "/x"), ("TRAINAR_EMBEDDING__MODEL", name)]).unwrap().embedding.model;
        assert_eq!(model(""), Path::new(""));
        assert_eq!(model("/models/mini"), Path::new("/models/mini"));
        assert_eq!(model("all-MiniLM-L6-v2"), Path::new("/x/models/all-MiniLM-L6-v2"));
    }

    #[test]
    fn a_language_model_needs_an_address_and_a_name() {
        let endpoint = "TRAINAR_LANGUAGE__ENDPOINT";
        assert!(!with(&[]).unwrap().language.is_set());
        assert!(
            with(&[(endpoint, "https://x.example/v1"), ("TRAINAR_LANGUAGE__MODEL", "m")]).unwrap().language.is_set()
        );
        for (address, model, key) in [
            ("https://x.example/v1", "", "language.model"),
            ("x.example/v1", "m", "language.endpoint"),
            ("ftp://x.example", "m", "language.endpoint"),
            ("https://me:hush@x.example", "m", "language.endpoint"),
        ] {
            let refused =
                format!("{:#}", with(&[(endpoint, address), ("TRAINAR_LANGUAGE__MODEL", model)]).unwrap_err());
            assert!(refused.contains(key) && !refused.contains("hush"), "{refused}");
        }
    }

    #[test]
    fn a_speech_model_can_be_set_by_its_name() {
        let settings = with(&[("TRAINAR_DATA_DIR", "/x"), ("TRAINAR_SPEECH__WHISPER_MODEL", "base.en")]).unwrap();
        assert_eq!(settings.speech.whisper_model, Path::new("/x/models/ggml-base.en.bin"));
        let elsewhere = [("TRAINAR_MODELS__FOLDER", "/m"), ("TRAINAR_SPEECH__WHISPER_MODEL", "/y/my.bin")];
        let settings = with(&elsewhere).unwrap();
        assert_eq!(settings.models.folder, Path::new("/m"));
        assert_eq!(settings.speech.whisper_model, Path::new("/y/my.bin"));
    }

    #[test]
    fn mail_needs_an_address_and_a_sender() {
        let host = ("TRAINAR_MAIL__HOST", "mail.example.com");
        let url = ("TRAINAR_SERVER__PUBLIC_URL", "https://training.example.com");
        let from = ("TRAINAR_MAIL__FROM", "TrainAR <training@example.com>");
        assert_eq!(with(&[host, url, from]).unwrap().mail.port, 587);
        for (variables, key) in [
            (vec![host, from], "server.public_url"),
            (vec![host, url], "mail.from"),
            (vec![("TRAINAR_SERVER__PUBLIC_URL", "training.example.com")], "server.public_url"),
            (vec![("TRAINAR_SERVER__PUBLIC_URL", "https://x.example/path")], "server.public_url"),
            (vec![host, url, from, ("TRAINAR_MAIL__ENCRYPTION", "perhaps")], "encryption"),
        ] {
            let refused = format!("{:#}", with(&variables).unwrap_err());
            assert!(refused.contains(key), "{refused}");
        }
    }

    #[test]
    fn a_provider_needs_an_address_that_nobody_reads_along_and_a_name() {
        let issuer = ("TRAINAR_OPENID__ISSUER", "https://id.example.com");
        let client = ("TRAINAR_OPENID__CLIENT_ID", "trainar");
        let domains = ("TRAINAR_OPENID__JOIN_DOMAINS", "Example.com, example.org");
        let tenant = ("TRAINAR_OPENID__JOIN_TENANT", "Acme");
        let good = with(&[issuer, client, domains, tenant]).unwrap().openid;
        assert_eq!(good.domains(), ["example.com", "example.org"]);
        assert!(!with(&[]).unwrap().openid.is_set());
        let secret = [("TRAINAR_OPENID__CLIENT_SECRET", "hush"), ("TRAINAR_OPENID__CLIENT_SECRET_FILE", "/x")];
        for (variables, key) in [
            (vec![("TRAINAR_OPENID__ISSUER", "http://id.example.com"), client], "openid.issuer"),
            (vec![("TRAINAR_OPENID__ISSUER", "id.example.com"), client], "openid.issuer"),
            (vec![issuer], "openid.client_id"),
            (vec![issuer, client, domains], "openid.join_tenant"),
            (vec![issuer, client, tenant], "openid.join_domains"),
            (vec![issuer, client, tenant, ("TRAINAR_OPENID__JOIN_DOMAINS", "*.com")], "openid.join_domains"),
            ([vec![issuer, client], secret.to_vec()].concat(), "openid.client_secret_file"),
        ] {
            let refused = format!("{:#}", with(&variables).unwrap_err());
            assert!(refused.contains(key) && !refused.contains("hush"), "{refused}");
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let settings = with(&[
            ("TRAINAR_OBJECTS__SECRET_KEY", "hush-hush"),
            ("TRAINAR_LANGUAGE__API_KEY", "hush-hush"),
            ("TRAINAR_OPENID__CLIENT_SECRET", "hush-hush"),
        ]);
        let settings = settings.unwrap();
        assert!(!format!("{settings:?}").contains("hush-hush"));
    }
}
