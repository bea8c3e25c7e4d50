//! Whether brackets and quotes of a file add up, at several gigabytes a second.
//!
//! Owns one pass over the bytes and no more: which bracket closes which is the parser's business. No file is too plain
//! for this pass, so what it costs is paid for every byte of a tree.

/// Bytes that are counted side by side: the compiler makes vector instructions of them, whatever the processor.
const ABREAST: usize = 32;
/// As many rows of them as a count of one byte holds.
const ROWS: usize = 127;

/// Whether every kind of bracket opens as often as it closes, quotes are even in number, and no control
/// character is there (as in UTF-16). Says nothing of their order: it is cheap so that no file need be left out.
pub fn adds_up(bytes: &[u8]) -> bool {
    let (rows, rest) = bytes.as_chunks::<ABREAST>();
    // A blank counts as nothing.
    let mut last = [b' '; ABREAST];
    last[..rest.len()].copy_from_slice(rest);
    let mut sum = Sum::default();
    rows.chunks(ROWS).chain([&[last][..]]).for_each(|rows| sum.add(rows));
    sum == Sum::default()
}

#[derive(Default, PartialEq)]
struct Sum {
    braces: i32,
    brackets: i32,
    parentheses: i32,
    odd_quotes: bool,
    controls: bool,
}

impl Sum {
    fn add(&mut self, rows: &[[u8; ABREAST]]) {
        let [mut braces, mut brackets, mut parentheses, mut quotes] = [[0_i8; ABREAST]; 4];
        let mut lowest = [u8::MAX; ABREAST];
        for row in rows {
            for (at, byte) in row.iter().enumerate() {
                let is = |sought: u8| i8::from(*byte == sought);
                braces[at] += is(b'{') - is(b'}');
                brackets[at] += is(b'[') - is(b']');
                parentheses[at] += is(b'(') - is(b')');
                quotes[at] += is(b'"');
                lowest[at] = lowest[at].min(*byte);
            }
        }
        let total = |counts: [i8; ABREAST]| counts.into_iter().map(i32::from).sum::<i32>();
        self.braces += total(braces);
        self.brackets += total(brackets);
        self.parentheses += total(parentheses);
        self.odd_quotes ^= total(quotes) % 2 == 1;
        self.controls |= lowest.iter().any(|byte| *byte < b'\t');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_and_quotes_must_add_up() {
        for text in ["a {\n}\n", "a = \"x[1](2)\"[0]", "", "\t\r\n# é\n", &"{}".repeat(1000)] {
            assert!(adds_up(text.as_bytes()), "{text}");
        }
        // As many as a count of one byte holds, and more; alone or at the end.
        let odd: Vec<String> =
            (1..=9000).step_by(89).map(|length| format!("{}{{", " ".repeat(length))).collect();
        assert!(odd.iter().all(|text| !adds_up(text.as_bytes())));
        let many = "{(\"[".repeat(5000) + &"]\")}".repeat(5000);
        assert!(adds_up(many.as_bytes()) && !adds_up(&many.as_bytes()[1..]));
        for text in
            ["a {", "a = [1", "a = f(", "a = \"x", "}", "a\0 = 1", &"{".repeat(256), &"\"".repeat(999)]
        {
            assert!(!adds_up(text.as_bytes()), "{text}");
        }
    }
}
