//! Logs: one event, one line, to standard error, whatever a visitor put into it. A reader that is slow or gone costs
//! lines, never requests.

use std::fmt::{self, Debug};
use std::io::{self, Write};
use std::panic;
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use tracing::field::Field;
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::format::{self, FormatEvent, FormatFields, debug_fn};
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormattedFields, MakeWriter};
use tracing_subscriber::registry::{LookupSpan, Scope};

use crate::config::Log;
use crate::http::metrics;
use crate::protocol::user::changes_the_text_around;

/// Lines that wait for their reader at most.
const WAITING: usize = 8192;

/// Lines that wait are written together, up to so many bytes.
const TOGETHER: usize = 16 * 1024;

/// How long the writing thread sleeps after it wrote. Waking it for every line would cost a request more than its line does;
/// what comes meanwhile finds its place in the queue.
const PAUSE: Duration = Duration::from_millis(5);

/// How long the end of the program waits for the reader.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What the writing thread is given.
enum Message {
    Line(Vec<u8>),
    /// Answer when everything before was written.
    Flush(SyncSender<()>),
}

static QUEUE: OnceLock<SyncSender<Message>> = OnceLock::new();

/// Starts logging as configured. A process starts it once; a second call changes nothing.
pub fn start(log: &Log) {
    let (queue, lines) = sync_channel(WAITING);
    if QUEUE.set(queue).is_err() {
        return;
    }
    thread::spawn(move || write_lines(&lines));
    let filter = EnvFilter::try_new(&log.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .log_internal_errors(false)
        .with_writer(OneLineEach(|| Queued));
    // An error here means that somebody who embeds this library logs already.
    let _ = if log.json {
        builder.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
    } else {
        builder.event_format(TextLine).fmt_fields(debug_fn(text_field).delimited(" ")).try_init()
    };
    panic::set_hook(Box::new(log_panic));
}

/// Waits, not for long, until what was logged is written.
pub fn finish() {
    let (written, done) = sync_channel(1);
    if QUEUE.get().is_some_and(|queue| queue.try_send(Message::Flush(written)).is_ok()) {
        // A reader that takes no lines does not keep the program from ending.
        let _ = done.recv_timeout(LAST_WORDS);
    }
}

/// A line of text: the time, the level, the request that it is about, what happened, and its fields. tracing-subscriber's own looks
/// the same, and takes twice as long: it asks for every word whether it has a colour.
struct TextLine;

impl<S, F> FormatEvent<S, F> for TextLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    F: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, F>,
        mut line: format::Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        SystemTime.format_time(&mut line)?;
        write!(line, " {:>5} ", event.metadata().level())?;
        for span in context.event_scope().into_iter().flat_map(Scope::from_root) {
            line.write_str(span.name())?;
            if let Some(fields) = span.extensions().get::<FormattedFields<F>>() {
                write!(line, "{{{fields}}}")?;
            }
            line.write_str(": ")?;
        }
        context.format_fields(line.by_ref(), event)?;
        writeln!(line)
    }
}

/// `name=value`; what happened has no name.
fn text_field(line: &mut format::Writer<'_>, field: &Field, value: &dyn Debug) -> fmt::Result {
    if field.name() != "message" {
        line.write_str(field.name())?;
        line.write_char('=')?;
    }
    write!(line, "{value:?}")
}

fn write_lines(lines: &Receiver<Message>) {
    let mut stderr = io::stderr();
    let mut together = Vec::with_capacity(TOGETHER);
    while let Ok(first) = lines.recv() {
        let mut flushed = None;
        for message in std::iter::once(first).chain(lines.try_iter()) {
            match message {
                Message::Line(line) => together.extend_from_slice(&line),
                Message::Flush(written) => flushed = Some(written),
            }
            if flushed.is_some() {
                break;
            }
            if together.len() >= TOGETHER {
                // Nobody reads any more: that is no reason to stop serving.
                drop(stderr.write_all(&together));
                together.clear();
            }
        }
        drop(stderr.write_all(&together));
        together.clear();
        if let Some(written) = flushed {
            // It may wait no longer.
            let _ = written.send(());
        } else {
            thread::sleep(PAUSE);
        }
    }
}

/// Hands lines to the writing thread; those that find no place are counted and forgotten.
struct Queued;

impl Write for Queued {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let taken = QUEUE.get().is_some_and(|queue| queue.try_send(Message::Line(line.to_vec())).is_ok());
        if !taken {
            metrics::count_lost_log_line();
        }
        Ok(line.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Starts logging of warnings and errors, for commands at a terminal.
pub fn start_quiet() {
    start(&Log { json: false, filter: "warn".to_owned() });
}

/// One line with the place. Text that was put together at run time may hold what a visitor sent, so only literals are
/// logged.
fn log_panic(info: &panic::PanicHookInfo<'_>) {
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    let what = info.payload().downcast_ref::<&'static str>().copied().unwrap_or("(not logged)");
    tracing::error!(what, "panicked at {place}");
}

/// Gives out writers that let nothing but the end of an event end a line.
struct OneLineEach<M>(M);

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for OneLineEach<M> {
    type Writer = OneLine<M::Writer>;
    fn make_writer(&'a self) -> Self::Writer {
        OneLine(self.0.make_writer())
    }
}

/// Writes one event: every control, direction and invisible character as `\uXXXX`, which JSON understands too.
struct OneLine<W>(W);

impl<W: Write> Write for OneLine<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        // Nearly every line: nothing in it needs another spelling.
        let harmless =
            event.strip_suffix(b"\n").unwrap_or(event).iter().all(|byte| matches!(byte, b' '..=b'~'));
        if harmless {
            self.0.write_all(event)?;
        } else {
            self.0.write_all(escape(&String::from_utf8_lossy(event)).as_bytes())?;
        }
        Ok(event.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn escape(event: &str) -> String {
    use std::fmt::Write as _;
    let (line, end) = event.strip_suffix('\n').map_or((event, ""), |line| (line, "\n"));
    let mut escaped = String::with_capacity(event.len());
    for c in line.chars() {
        if changes_the_text_around(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(c);
        }
    }
    escaped.push_str(end);
    escaped
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::field::MakeExt as _;
    use tracing_subscriber::fmt::format::debug_fn;

    use super::{OneLineEach, TextLine, text_field};

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);
    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(json: bool, value: &str) -> String {
        let memory = Memory::default();
        let writer = memory.clone();
        let builder =
            tracing_subscriber::fmt().with_ansi(false).with_writer(OneLineEach(move || writer.clone()));
        let event = || tracing::info!(value, display = %value, "said {value}");
        if json {
            tracing::subscriber::with_default(builder.json().finish(), event);
        } else {
            let builder = builder.event_format(TextLine).fmt_fields(debug_fn(text_field).delimited(" "));
            tracing::subscriber::with_default(builder.finish(), event);
        }
        let bytes = memory.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_line_says_when_how_grave_for_which_request_and_what() {
        let memory = Memory::default();
        let writer = memory.clone();
        let builder = tracing_subscriber::fmt()
            .with_writer(OneLineEach(move || writer.clone()))
            .event_format(TextLine)
            .fmt_fields(debug_fn(text_field).delimited(" "));
        tracing::subscriber::with_default(builder.finish(), || {
            let _request = tracing::info_span!("request", correlation_id = "a1").entered();
            tracing::info!(route = "/jwks", status = 200, ip = %"127.0.0.1", "answered");
        });
        let bytes = memory.0.lock().unwrap().clone();
        let line = String::from_utf8(bytes).unwrap();
        let (time, rest) = line.split_once(' ').unwrap();
        assert!(time.starts_with("20") && time.ends_with('Z'), "{line}");
        assert_eq!(
            rest,
            " INFO request{correlation_id=\"a1\"}: answered route=\"/jwks\" status=200 ip=127.0.0.1\n"
        );
    }

    #[test]
    fn no_text_of_a_visitor_forges_a_line_or_moves_the_terminal() {
        for hostile in
            ["a\r\nINFO forged", "\u{1b}[2J\u{1b}]0;x\u{7}", "\u{85}\u{2028}\u{9b}31m", "\u{202e}x\u{e0041}"]
        {
            for json in [false, true] {
                let line = logged(json, hostile);
                let line = line.strip_suffix('\n').unwrap();
                assert!(!line.chars().any(super::changes_the_text_around), "{line:?}");
                if json {
                    let event: serde_json::Value = serde_json::from_str(line).unwrap();
                    assert!(event["fields"]["message"].as_str().unwrap().starts_with("said "));
                }
            }
        }
    }
}
