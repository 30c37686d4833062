//! E-mail addresses of accounts, codes that are sent there, and coming back without the password.

message! {
    /// Sends a code of 6 digits to an e-mail address. Whether the address is known is not told: the answer is always
    /// the same. An address that cannot have what is asked for gets another mail, or none. The code is good for 5
    /// tries and a time that the mail names; the next one for the same address and purpose replaces it.
    pub struct SendEmailCode {
        /// The address, at most 254 bytes.
        email: String,
        /// What the code is for: `sign_up` or `recover`.
        purpose: String,
        /// The language of the mail, a BCP 47 tag of at most 35 bytes; `en` when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        locale: Option<String>,
    }

    /// Sets a new password by a code that was sent by mail, or by the account's recovery code, and signs in. All
    /// sessions end; an announced deletion is taken back. Name `email` and `email_code`, or `handle` and
    /// `recovery_code`.
    #[derive(Default)]
    pub struct Recover {
        /// The address, at most 254 bytes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        email: Option<String>,
        /// The code that was sent to it, 6 digits.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        email_code: Option<String>,
        /// The account name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        handle: Option<String>,
        /// The recovery code of the account; capital letters, spaces and `-` do not matter. It is good once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        recovery_code: Option<String>,
        /// The new password, 8 to 1024 bytes.
        password: String,
        /// A name for this device, at most 64 characters.
        label: String,
    }

    /// A new recovery code; the one before is void.
    pub struct NewRecoveryCode {
        /// The password.
        password: String,
    }

    /// A recovery code.
    pub struct RecoveryCode {
        /// 4 times 5 letters and digits. Shown once.
        recovery_code: String,
    }

    /// Begins to change the caller's e-mail address: codes go to the current address and to the new one.
    /// ConfirmEmail ends it.
    pub struct ChangeEmail {
        /// The password.
        password: String,
        /// The new address, at most 254 bytes; absent to have none any more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        email: Option<String>,
    }

    /// Which codes ConfirmEmail needs.
    pub struct EmailChange {
        /// A code was sent to the current address.
        old: bool,
        /// A code was sent to the new address.
        new: bool,
    }

    /// Ends a change of the e-mail address.
    #[derive(Default)]
    pub struct ConfirmEmail {
        /// The code that was sent to the current address, 6 digits; absent when there was none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        old_code: Option<String>,
        /// The code that was sent to the new address, 6 digits; absent when there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        new_code: Option<String>,
    }

    /// Asks for the caller's e-mail address.
    #[derive(Default)]
    pub struct GetEmail {
        /// Always absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reserved: Option<bool>,
    }

    /// The caller's e-mail address. Also the value of the account log's key `email`.
    #[derive(Default)]
    pub struct EmailEntry {
        /// The address; absent when there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        email: Option<String>,
        /// When it was confirmed, in server milliseconds; 0 without an address.
        verified_ms: u64,
    }
}
