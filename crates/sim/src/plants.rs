//! The bugs that can be planted, by name.

/// Names for `--plant`.
pub const PLANTS: [&str; 5] =
    ["ack-before-commit", "cursor-skips", "id-expires", "overtake-on-resume", "deliver-twice"];

/// Plants a bug for the runs that follow on this thread. Answers why that cannot be.
#[cfg(feature = "plant")]
pub fn plant(name: &str) -> Result<(), String> {
    use litrocket_core::plant::{self, Plant};
    let plant = match name {
        "ack-before-commit" => Plant::AckBeforeCommit,
        "cursor-skips" => Plant::CursorSkips,
        "id-expires" => Plant::IdExpires,
        "overtake-on-resume" => Plant::OvertakeOnResume,
        "deliver-twice" => Plant::DeliverTwice,
        _ => return Err(unknown(name)),
    };
    plant::set(Some(plant));
    Ok(())
}

/// Without the feature there is nothing to plant.
#[cfg(not(feature = "plant"))]
pub fn plant(name: &str) -> Result<(), String> {
    if PLANTS.contains(&name) {
        Err(format!("this build has no bugs to plant: add `--features plant` for {name}"))
    } else {
        Err(unknown(name))
    }
}

fn unknown(name: &str) -> String {
    format!("there is no plant `{name}`; there are: {}", PLANTS.join(", "))
}
