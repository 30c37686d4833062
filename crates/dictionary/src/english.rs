//! English words and their inflections.

/// Words whose forms follow no rule.
const IRREGULAR: &[&str] = &[
    "be am is are was were been being",
    "have has had having",
    "do does did done doing",
    "go goes went gone going",
    "say says said",
    "make makes made making",
    "get gets got gotten getting",
    "take takes took taken",
    "come comes came coming",
    "see sees saw seen",
    "know knows knew known",
    "give gives gave given",
    "find finds found",
    "think thinks thought",
    "tell tells told",
    "become becomes became",
    "leave leaves left",
    "feel feels felt",
    "put puts putting",
    "bring brings brought",
    "begin begins began begun beginning",
    "keep keeps kept",
    "hold holds held",
    "write writes wrote written",
    "stand stands stood",
    "hear hears heard",
    "let lets letting",
    "mean means meant",
    "set sets setting",
    "meet meets met",
    "run runs ran running",
    "pay pays paid",
    "sit sits sat sitting",
    "speak speaks spoke spoken",
    "lie lies lay lain lying",
    "lead leads led",
    "read reads reading",
    "grow grows grew grown",
    "lose loses lost losing",
    "fall falls fell fallen",
    "send sends sent",
    "build builds built",
    "understand understands understood",
    "draw draws drew drawn",
    "break breaks broke broken",
    "spend spends spent",
    "cut cuts cutting",
    "rise rises rose risen",
    "drive drives drove driven",
    "buy buys bought",
    "wear wears wore worn",
    "choose chooses chose chosen",
    "eat eats ate eaten",
    "drink drinks drank drunk",
    "sing sings sang sung",
    "swim swims swam swum swimming",
    "sleep sleeps slept",
    "win wins won winning",
    "teach teaches taught",
    "catch catches caught",
    "fight fights fought",
    "sell sells sold",
    "throw throws threw thrown",
    "fly flies flew flown",
    "forget forgets forgot forgotten",
    "forgive forgives forgave forgiven",
    "hide hides hid hidden",
    "ride rides rode ridden",
    "ring rings rang rung",
    "shake shakes shook shaken",
    "shine shines shone",
    "shoot shoots shot",
    "steal steals stole stolen",
    "stick sticks stuck",
    "strike strikes struck",
    "swear swears swore sworn",
    "tear tears tore torn",
    "wake wakes woke woken",
    "bite bites bit bitten",
    "blow blows blew blown",
    "burn burns burnt",
    "deal deals dealt",
    "dig digs dug digging",
    "dream dreams dreamt",
    "feed feeds fed",
    "freeze freezes froze frozen",
    "hang hangs hung",
    "learn learns learnt",
    "lend lends lent",
    "light lights lit",
    "seek seeks sought",
    "show shows shown",
    "sink sinks sank sunk",
    "smell smells smelt",
    "spread spreads",
    "spring springs sprang sprung",
    "sweep sweeps swept",
    "swing swings swung",
    "weep weeps wept",
    "wind winds wound",
    "bend bends bent",
    "bind binds bound",
    "bleed bleeds bled",
    "dye dyes dyeing",
    "die dies died dying",
    "tie ties tied tying",
    "good better best well",
    "bad worse worst",
    "far farther farthest further furthest",
    "little less least",
    "many much more most",
    "man men",
    "woman women",
    "child children",
    "person people",
    "foot feet",
    "tooth teeth",
    "goose geese",
    "mouse mice",
    "louse lice",
    "ox oxen",
    "knife knives",
    "life lives",
    "wife wives",
    "leaf leaves",
    "wolf wolves",
    "half halves",
    "shelf shelves",
    "thief thieves",
    "loaf loaves",
    "calf calves",
    "self selves",
    "datum data",
    "medium media",
    "phenomenon phenomena",
    "criterion criteria",
    "i me my mine",
    "he him his",
    "she her hers",
    "we us our ours",
    "they them their theirs",
    "this these",
    "that those",
];

/// The words of a text in lower case. What stands in square brackets is pinyin and no word.
pub fn words(text: &str) -> impl Iterator<Item = String> {
    let mut inside = 0_u32;
    let outside: String = text
        .chars()
        .map(|c| {
            inside = match c {
                '[' => inside + 1,
                ']' => inside.saturating_sub(1),
                _ => inside,
            };
            let belongs = inside == 0 && (c.is_alphanumeric() && !is_han(c) || matches!(c, '\'' | '’'));
            if belongs { c } else { ' ' }
        })
        .collect();
    let words: Vec<String> = outside
        .split(' ')
        .map(|word| word.trim_matches(['\'', '’']).replace('’', "'").to_lowercase())
        .filter(|word| !word.is_empty())
        .collect();
    words.into_iter()
}

/// Whether a character is Chinese.
pub(crate) fn is_han(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

/// A gloss as somebody would ask for it: without what stands in parentheses, without `to` and articles.
pub(crate) fn bare(gloss: &str) -> Vec<String> {
    let mut depth = 0_u32;
    let plain: String = gloss
        .chars()
        .filter(|c| {
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => return depth == 0,
            }
            false
        })
        .collect();
    let mut found: Vec<String> = words(&plain).collect();
    while found.len() > 1 && matches!(found[0].as_str(), "to" | "be" | "a" | "an" | "the") {
        found.remove(0);
    }
    found
}

/// The other forms that a word may have: its base and the inflections of that. Some are no words; nothing stands
/// under those.
pub fn forms(word: &str) -> Vec<String> {
    let mut bases = bases(word);
    bases.push(word.to_owned());
    let mut forms = Vec::new();
    for base in bases {
        forms.extend(inflections(&base));
        forms.push(base);
    }
    let groups = IRREGULAR.iter().filter(|group| group.split(' ').any(|one| one == word));
    forms.extend(groups.flat_map(|group| group.split(' ').map(str::to_owned)));
    tidy(forms, word)
}

/// What a comparative or superlative may be of. Many other words end like them, so these come into question only
/// where the word itself is not known.
pub(crate) fn positives(word: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (ending, of_y) in [("er", "ier"), ("est", "iest")] {
        found.extend(word.strip_suffix(of_y).map(|stem| format!("{stem}y")));
        found.extend(word.strip_suffix(ending).into_iter().flat_map(stems));
    }
    tidy(found, word)
}

fn tidy(mut forms: Vec<String>, word: &str) -> Vec<String> {
    forms.retain(|form| form != word && form.len() > 1);
    forms.sort_unstable();
    forms.dedup();
    forms
}

fn is_vowel(c: char) -> bool {
    matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y')
}

/// What a word without its ending may have been: `hop`, `hope` and `hop` from `hopp`.
fn stems(stem: &str) -> Vec<String> {
    if stem.len() < 2 || !stem.contains(is_vowel) {
        return Vec::new();
    }
    let mut found = vec![stem.to_owned(), format!("{stem}e")];
    let mut back = stem.chars().rev();
    if let (Some(last), Some(before)) = (back.next(), back.next())
        && last == before
        && !is_vowel(last)
    {
        found.push(stem[..stem.len() - last.len_utf8()].to_owned());
    }
    found
}

fn bases(word: &str) -> Vec<String> {
    let mut found = Vec::new();
    for ending in ["ies", "ied"] {
        found.extend(word.strip_suffix(ending).map(|stem| format!("{stem}y")));
    }
    found.extend(word.strip_suffix("'s").map(str::to_owned));
    if !word.ends_with("ss") {
        found.extend(word.strip_suffix('s').map(str::to_owned));
        found.extend(word.strip_suffix("es").map(str::to_owned));
    }
    for ending in ["ed", "ing"] {
        found.extend(word.strip_suffix(ending).into_iter().flat_map(stems));
    }
    found.retain(|base| base.len() > 1);
    found
}

fn inflections(base: &str) -> Vec<String> {
    if base.len() < 2 || !base.contains(is_vowel) {
        return Vec::new();
    }
    let mut found: Vec<String> = ["s", "es", "ed", "ing"].iter().map(|it| format!("{base}{it}")).collect();
    if let Some(stem) = base.strip_suffix('e').filter(|stem| stem.contains(is_vowel)) {
        found.extend([format!("{stem}ed"), format!("{stem}ing")]);
    }
    if let Some(stem) = base.strip_suffix('y') {
        found.extend([format!("{stem}ies"), format!("{stem}ied")]);
    }
    if let Some(last) = base.chars().last().filter(|last| !is_vowel(*last)) {
        found.extend([format!("{base}{last}ed"), format!("{base}{last}ing")]);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inflections_lead_to_the_base_and_back() {
        for (one, other) in [
            ("running", "run"),
            ("stopped", "stop"),
            ("hoping", "hope"),
            ("cities", "city"),
            ("studied", "study"),
            ("boxes", "box"),
            ("shoes", "shoe"),
            ("cat", "cats"),
            ("went", "go"),
            ("children", "child"),
            ("making", "make"),
            ("dog's", "dog"),
        ] {
            assert!(forms(one).contains(&other.to_owned()), "{one}: {:?}", forms(one));
        }
        for (one, other) in
            [("thing", "th"), ("red", "r"), ("glass", "glas"), ("number", "numb"), ("the", "thing")]
        {
            assert!(!forms(one).contains(&other.to_owned()), "{one}: {:?}", forms(one));
        }
        assert!(positives("bigger").contains(&"big".to_owned()));
        assert!(positives("happiest").contains(&"happy".to_owned()));
    }

    #[test]
    fn pinyin_in_brackets_is_no_word() {
        let found: Vec<String> = words("see 複數|复数[fu4 shu4], don't (math.)").collect();
        assert_eq!(found, ["see", "don't", "math"]);
    }

    #[test]
    fn a_gloss_is_asked_for_without_its_frame() {
        for (gloss, expected) in
            [("to run (on errands)", "run"), ("the rocket", "rocket"), ("to be happy", "happy"), ("to", "to")]
        {
            assert_eq!(bare(gloss).join(" "), expected);
        }
    }
}
