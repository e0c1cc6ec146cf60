//! Values that belong together: a model, a consumer.

use super::{
    ConsumerApp, InvalidValue, Key, ModelName, ModelStage, ModelVersion, PolicyDigest, Purpose, UseCase,
};

/// The model that answers.
///
/// ```
/// use trilha_core::schema::Model;
///
/// let model = Model::new("churn", "2.3.1")?.stage("production")?;
/// assert_eq!(model.version.as_str(), "2.3.1");
/// # Ok::<(), trilha_core::schema::InvalidValue>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct Model {
    /// `model_name`.
    pub name: ModelName,
    /// `model_version`.
    pub version: ModelVersion,
    /// `model_stage`.
    pub stage: Option<ModelStage>,
    /// `policy_digest`.
    pub policy_digest: Option<PolicyDigest>,
}

impl Model {
    /// A model of this name and pinned version.
    ///
    /// # Errors
    /// When one of them breaks its rule.
    pub fn new(name: impl AsRef<str>, version: impl AsRef<str>) -> Result<Self, InvalidValue> {
        let (name, version) = (ModelName::new(name)?, ModelVersion::new(version)?);
        Ok(Self { name, version, stage: None, policy_digest: None })
    }

    /// How far it has come towards production.
    ///
    /// # Errors
    /// When the value breaks its rule.
    pub fn stage(self, stage: impl AsRef<str>) -> Result<Self, InvalidValue> {
        Ok(Self { stage: Some(ModelStage::new(stage)?), ..self })
    }

    /// The digest of the policy that it runs under.
    ///
    /// # Errors
    /// When the value breaks its rule.
    pub fn policy_digest(self, digest: impl AsRef<str>) -> Result<Self, InvalidValue> {
        Ok(Self { policy_digest: Some(PolicyDigest::new(digest)?), ..self })
    }

    /// Each value that is there, with its key.
    pub fn entries(&self) -> impl Iterator<Item = (Key, &str)> {
        let entries = [
            (Key::ModelName, Some(self.name.as_str())),
            (Key::ModelVersion, Some(self.version.as_str())),
            (Key::ModelStage, self.stage.as_ref().map(ModelStage::as_str)),
            (Key::PolicyDigest, self.policy_digest.as_ref().map(PolicyDigest::as_str)),
        ];
        present(entries)
    }
}

/// Who consumes an answer, and what for.
///
/// ```
/// use trilha_core::schema::Consumer;
///
/// let consumer = Consumer::new("mobile-banking")?.purpose("credit-protection")?;
/// assert_eq!(consumer.use_case, None);
/// # Ok::<(), trilha_core::schema::InvalidValue>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct Consumer {
    /// `consumer_app`.
    pub app: ConsumerApp,
    /// `use_case`.
    pub use_case: Option<UseCase>,
    /// `purpose`.
    pub purpose: Option<Purpose>,
}

impl Consumer {
    /// An application that consumes answers.
    ///
    /// # Errors
    /// When the name breaks its rule.
    pub fn new(app: impl AsRef<str>) -> Result<Self, InvalidValue> {
        Ok(Self { app: ConsumerApp::new(app)?, use_case: None, purpose: None })
    }

    /// What the answer is used for.
    ///
    /// # Errors
    /// When the value breaks its rule.
    pub fn use_case(self, use_case: impl AsRef<str>) -> Result<Self, InvalidValue> {
        Ok(Self { use_case: Some(UseCase::new(use_case)?), ..self })
    }

    /// The purpose that was declared for personal data.
    ///
    /// # Errors
    /// When the value breaks its rule.
    pub fn purpose(self, purpose: impl AsRef<str>) -> Result<Self, InvalidValue> {
        Ok(Self { purpose: Some(Purpose::new(purpose)?), ..self })
    }

    /// Each value that is there, with its key.
    pub fn entries(&self) -> impl Iterator<Item = (Key, &str)> {
        let entries = [
            (Key::ConsumerApp, Some(self.app.as_str())),
            (Key::UseCase, self.use_case.as_ref().map(UseCase::as_str)),
            (Key::Purpose, self.purpose.as_ref().map(Purpose::as_str)),
        ];
        present(entries)
    }
}

fn present<const N: usize>(entries: [(Key, Option<&str>); N]) -> impl Iterator<Item = (Key, &str)> {
    entries.into_iter().filter_map(|(key, value)| Some((key, value?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_names_what_it_holds() {
        let model = Model::new("churn", "2.3.1").unwrap().policy_digest("sha256:ab").unwrap();
        let entries: Vec<_> = model.entries().collect();
        let expected =
            [(Key::ModelName, "churn"), (Key::ModelVersion, "2.3.1"), (Key::PolicyDigest, "sha256:ab")];
        assert_eq!(entries, expected);

        let consumer =
            Consumer::new("app").unwrap().use_case("retention").unwrap().purpose("credit").unwrap();
        let keys: Vec<_> = consumer.entries().map(|(key, _)| key).collect();
        assert_eq!(keys, [Key::ConsumerApp, Key::UseCase, Key::Purpose]);
    }

    #[test]
    fn a_value_against_its_rule_is_an_error_that_does_not_hold_it() {
        let error = Model::new("churn", "2.3.1").unwrap().stage("line\nbreak").unwrap_err();
        assert_eq!(error.key(), "model_stage");
        assert_eq!(error.to_string(), "model_stage holds control characters");
    }
}
