//! The answer to a watch, line by line: one event is one line of JSON.

/// No object may be larger than 1.5 MiB in etcd.
const LIMIT: usize = 8 * 1024 * 1024;

/// What is left to read of an answer.
pub(super) struct Lines {
    response: reqwest::Response,
    bytes: Vec<u8>,
    /// Where the next line begins.
    begin: usize,
    /// Up to here there is no end of it.
    searched: usize,
}

/// A line without an end.
#[derive(Debug)]
pub(super) struct TooLong;

impl Lines {
    pub fn of(response: reqwest::Response) -> Lines {
        Lines { response, bytes: Vec::new(), begin: 0, searched: 0 }
    }

    /// The next line that is not empty; `None` where the answer ends, whoever ended it.
    pub async fn next(&mut self) -> Result<Option<&[u8]>, TooLong> {
        loop {
            if let Some(length) = memchr::memchr(b'\n', &self.bytes[self.searched..]) {
                let (begin, end) = (self.begin, self.searched + length);
                (self.begin, self.searched) = (end + 1, end + 1);
                if end > begin {
                    return Ok(Some(&self.bytes[begin..end]));
                }
                continue;
            }
            self.bytes.drain(..self.begin);
            (self.begin, self.searched) = (0, self.bytes.len());
            if self.bytes.len() > LIMIT {
                return Err(TooLong);
            }
            // Nothing is kept of a long answer while nothing comes.
            if self.bytes.is_empty() {
                self.bytes = Vec::new();
            }
            match self.response.chunk().await {
                Ok(Some(chunk)) => self.bytes.extend_from_slice(&chunk),
                Ok(None) | Err(_) => return Ok(None),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Lines {
        Lines::of(http::Response::new(text.to_owned()).into())
    }

    #[tokio::test]
    async fn whole_lines_come_one_by_one_and_a_part_of_one_does_not() {
        let mut lines = lines("one\n\ntwo\nthr");
        assert_eq!(lines.next().await.unwrap(), Some(b"one".as_slice()));
        assert_eq!(lines.next().await.unwrap(), Some(b"two".as_slice()));
        assert_eq!(lines.next().await.unwrap(), None, "the answer ended in the middle of it");
    }

    #[tokio::test]
    async fn a_line_without_an_end_is_given_up() {
        let mut lines = lines(&"x".repeat(LIMIT + 1));
        lines.next().await.unwrap_err();
    }
}
