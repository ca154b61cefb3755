//! One command to the server.

use redis::{Arg, Cmd, ToRedisArgs, cmd};

use crate::keys::Key;
use crate::script::Script;

/// One command to the server.
#[derive(Debug)]
pub(crate) struct Call {
    /// Identifies the script by its hash: usually the server already has it.
    command: Cmd,
    script: Option<&'static Script>,
}

impl Call {
    /// A plain command.
    pub(crate) fn plain(name: &str) -> Self {
        Self::of_length(name, 4, 64)
    }

    /// A plain command, with room for so many arguments and bytes.
    pub(crate) fn of_length(name: &str, arguments: usize, bytes: usize) -> Self {
        let mut command = Cmd::with_capacity(arguments, bytes);
        command.arg(name);
        Self {
            command,
            script: None,
        }
    }

    /// A script for one key.
    pub(crate) fn script(script: &'static Script, key: &Key<'_>) -> Self {
        let mut command = Cmd::with_capacity(8, 192);
        command.arg("EVALSHA").arg(&script.sha1).arg(1).arg(key);
        Self {
            command,
            script: Some(script),
        }
    }

    /// Adds an argument.
    pub(crate) fn arg(mut self, argument: impl ToRedisArgs) -> Self {
        self.command.arg(argument);
        self
    }

    /// The command as it is sent.
    pub(crate) const fn command(&self) -> &Cmd {
        &self.command
    }

    /// The command with the complete text of its script, for a server that has restarted or has
    /// removed the script. The server keeps the script from then on.
    pub(crate) fn command_with_source(&self) -> Cmd {
        let Some(script) = self.script else {
            return self.command.clone();
        };
        let mut command = cmd("EVAL");
        command.arg(script.source);
        for argument in self.command.args_iter().skip(2) {
            if let Arg::Simple(argument) = argument {
                command.arg(argument);
            }
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Keys;
    use crate::script::DROP;
    use certsession_core::Handle;

    #[test]
    fn a_script_is_sent_by_its_hash_or_completely() {
        let keys = Keys::new("cs:");
        let handle = Handle::from_bytes([0xab; Handle::LENGTH]);
        let call = Call::script(&DROP, &keys.session(handle)).arg(&b"\0revision"[..]);
        let sent = |command: Cmd| -> Vec<Vec<u8>> {
            let arguments = command.args_iter().map(|argument| match argument {
                Arg::Simple(argument) => argument.to_vec(),
                _ => panic!("the command has no cursor"),
            });
            arguments.collect()
        };
        let (hash, whole) = (
            sent(call.command().clone()),
            sent(call.command_with_source()),
        );
        assert_eq!(hash[..2], [b"EVALSHA".to_vec(), DROP.sha1.clone().into()]);
        assert_eq!(whole[..2], [b"EVAL".to_vec(), DROP.source.into()]);
        assert_eq!(
            hash[2..],
            [
                b"1".to_vec(),
                format!("cs:{handle}").into(),
                b"\0revision".to_vec()
            ]
        );
        assert_eq!(hash[2..], whole[2..]);
    }
}
