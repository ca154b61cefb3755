//! Which database a URL names.

use crate::error::ConnectError;

/// Which database a URL names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) project: String,
    pub(crate) database: String,
    pub(crate) collection: String,
    /// `HOST:PORT` of an emulator.
    pub(crate) emulator: Option<String>,
}

const DEFAULT_DATABASE: &str = "(default)";
const DEFAULT_COLLECTION: &str = "certsession";

impl Target {
    /// Reads `firestore://PROJECT[/DATABASE][?collection=NAME&emulator=HOST:PORT]`.
    pub(crate) fn parse(url: &str) -> Result<Self, ConnectError> {
        let invalid = |reason: String| ConnectError::InvalidUrl {
            url: url.to_owned(),
            reason,
        };
        let rest = url
            .strip_prefix("firestore://")
            .ok_or_else(|| invalid("it does not begin with firestore://".to_owned()))?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (project, database) = path.split_once('/').unwrap_or((path, ""));
        if project.is_empty() {
            return Err(invalid("the project is missing".to_owned()));
        }
        let mut target = Self {
            project: project.to_owned(),
            database: match database {
                "" => DEFAULT_DATABASE.to_owned(),
                database => database.to_owned(),
            },
            collection: DEFAULT_COLLECTION.to_owned(),
            emulator: None,
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("collection", name)) => target.collection = name.to_owned(),
                Some(("emulator", host)) => target.emulator = Some(host.to_owned()),
                _ => return Err(invalid(format!("{pair:?} is no setting"))),
            }
        }
        match target.fault() {
            None => Ok(target),
            Some(reason) => Err(invalid(reason)),
        }
    }

    /// What is wrong with a name. It could otherwise lead to another document than is meant.
    pub(crate) fn fault(&self) -> Option<String> {
        let is_id = |name: &str| {
            let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:".contains(&byte);
            !name.is_empty() && name.bytes().all(is_fine)
        };
        if !is_id(&self.project) {
            return Some(format!("{:?} is no project's id", self.project));
        }
        if self.database != DEFAULT_DATABASE && !is_id(&self.database) {
            return Some(format!("{:?} is no database's id", self.database));
        }
        let collection = self.collection.as_str();
        let is_reserved = collection.starts_with("__") && collection.ends_with("__");
        let is_name = |c: char| c != '/' && !c.is_control();
        let is_fine = !matches!(collection, "" | "." | "..")
            && !is_reserved
            && collection.len() <= 1500
            && collection.chars().all(is_name);
        if !is_fine {
            return Some(format!("{collection:?} is no collection's name"));
        }
        match self.emulator.as_deref().map(|host| host.rsplit_once(':')) {
            None => None,
            Some(Some((host, port))) if !host.is_empty() && port.parse::<u16>().is_ok() => None,
            Some(_) => Some("the emulator is named by HOST:PORT".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_enough() {
        let target = Target::parse("firestore://shop").unwrap();
        assert_eq!(target.project, "shop");
        assert_eq!(target.database, "(default)");
        assert_eq!(target.collection, "certsession");
        assert_eq!(target.emulator, None);
    }

    #[test]
    fn a_url_can_name_everything() {
        let url = "firestore://example.com:shop/eu-1?collection=my sessions&emulator=[::1]:8080";
        let target = Target::parse(url).unwrap();
        assert_eq!(target.project, "example.com:shop");
        assert_eq!(target.database, "eu-1");
        assert_eq!(target.collection, "my sessions");
        assert_eq!(target.emulator.unwrap(), "[::1]:8080");
    }

    #[test]
    fn a_url_that_names_no_database_says_what_is_wrong() {
        for (url, wrong) in [
            ("redis://localhost", "firestore://"),
            ("firestore://", "project is missing"),
            ("firestore:///db", "project is missing"),
            ("firestore://a/b/c", "database"),
            ("firestore://sh op", "project"),
            ("firestore://shop?collection=", "collection"),
            ("firestore://shop?collection=a/b/c", "collection"),
            ("firestore://shop?collection=__x__", "collection"),
            ("firestore://shop?collection=..", "collection"),
            ("firestore://shop?emulator=8080", "HOST:PORT"),
            ("firestore://shop?emulator=localhost:http", "HOST:PORT"),
            ("firestore://shop?colection=a", "colection"),
        ] {
            let said = Target::parse(url).unwrap_err().to_string();
            assert!(said.contains(wrong), "{said}");
            assert!(said.contains("write firestore://PROJECT"), "{said}");
        }
    }
}
