//! Where the objects of a content are: `<shelf>/<place>/<chunk>`, and the small pictures beside them.

use object_store::path::Path;

/// Where the chunks of a content are. A random place is met by no other content, whatever ids are given again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::features::files) struct ContentPlace {
    pub(in crate::features::files) content: u64,
    pub(super) random: Option<[u8; 8]>,
}

impl ContentPlace {
    /// A folder holds at most a few thousand contents.
    fn folder(self) -> String {
        match self.random {
            None => format!("{:03}/{}", self.content % 1000, self.content),
            Some(random) => {
                let name = format!("{:016x}", u64::from_be_bytes(random));
                format!("{}/{name}", &name[..3])
            }
        }
    }

    /// The place an object is in; `None` when it is not one of ours.
    pub(super) fn of(object: &Path) -> Option<Self> {
        let parts: Vec<_> = object.parts().collect();
        let [_, name, _] = &parts[..] else { return None };
        let name = name.as_ref();
        let random = u64::from_str_radix(name, 16).ok().filter(|_| name.len() == 16);
        let place = match random {
            Some(random) => Self { content: 0, random: Some(random.to_be_bytes()) },
            None => Self { content: name.parse().ok()?, random: None },
        };
        object.as_ref().starts_with(&format!("{}/", place.folder())).then_some(place)
    }

    pub(super) fn path(self, chunk: u64) -> Path {
        Path::from(format!("{}/{chunk}", self.folder()))
    }

    pub(super) fn preview(self, size: u32) -> Path {
        Path::from(format!("{}/p{size}", self.folder()))
    }

    pub(super) fn prefix(self) -> Path {
        Path::from(self.folder())
    }
}
