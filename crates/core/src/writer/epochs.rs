//! The epochs of a server's logs: how much of the log that a client knows is the log of today.

/// Epochs that are remembered. Who knows an older one only reads everything again.
const EPOCHS_MAX: usize = 64;

/// The epochs so far, with the log position at which each began, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Epochs(Vec<(u64, u64)>);

impl Epochs {
    /// Reads what [`Epochs::write`] wrote; what cannot be read is as good as forgotten.
    pub fn read(bytes: &[u8]) -> Self {
        let number = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        Self(bytes.chunks_exact(16).map(|pair| (number(&pair[..8]), number(&pair[8..]))).collect())
    }

    /// All of it as bytes.
    pub fn write(&self) -> Vec<u8> {
        self.0.iter().flat_map(|(epoch, pos)| [epoch.to_be_bytes(), pos.to_be_bytes()]).flatten().collect()
    }

    /// The epoch of today.
    pub fn current(&self) -> Option<u64> {
        self.0.last().map(|(epoch, _)| *epoch)
    }

    /// A new epoch begins behind this position.
    pub fn begin(&mut self, epoch: u64, pos: u64) {
        if self.0.len() >= EPOCHS_MAX {
            self.0.remove(0);
        }
        self.0.push((epoch, pos));
    }

    /// Up to which position the log of an epoch is the log of today: `None` for all of it. 0 for an epoch that is not known.
    pub fn shared_with(&self, epoch: u64) -> Option<u64> {
        match self.0.iter().position(|(known, _)| *known == epoch) {
            Some(at) => self.0[at + 1..].iter().map(|(_, pos)| *pos).min(),
            None => Some(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_shared_up_to_the_earliest_restore_since() {
        let mut epochs = Epochs::default();
        assert_eq!(epochs.current(), None);
        epochs.begin(7, 0);
        assert_eq!(epochs.shared_with(7), None);
        epochs.begin(8, 50);
        epochs.begin(9, 80);
        assert_eq!(epochs.current(), Some(9));
        assert_eq!(
            epochs.shared_with(7),
            Some(50),
            "what the second restore brought back is of the epoch between"
        );
        assert_eq!(epochs.shared_with(8), Some(80));
        assert_eq!(epochs.shared_with(9), None);
        assert_eq!(epochs.shared_with(1), Some(0), "nothing is known of it");
        assert_eq!(Epochs::read(&epochs.write()), epochs);
        (0..200).for_each(|number| epochs.begin(100 + number, 90));
        assert_eq!(epochs.shared_with(7), Some(0));
        assert_eq!(epochs.0.len(), EPOCHS_MAX);
    }
}
