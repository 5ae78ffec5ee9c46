//! Agents that say what they like.

use std::os::unix::net::UnixListener;
use std::thread::{self, JoinHandle};

use super::*;

const KEY: &[u8] = b"key";

fn string(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

/// An agent at a socket, which does this with whoever comes.
fn agent(serve: impl FnOnce(UnixStream) + Send + 'static) -> (tempfile::TempDir, SshAgent, JoinHandle<()>) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("agent");
    let listener = UnixListener::bind(&path).unwrap();
    let served = thread::spawn(move || serve(listener.accept().unwrap().0));
    let agent = SshAgent::connect(&path).unwrap();
    (directory, agent, served)
}

/// Reads a request.
fn request(stream: &mut UnixStream) -> Vec<u8> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).unwrap();
    let mut request = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut request).unwrap();
    request
}

/// An agent that answers one request with these bytes, and closes.
fn saying(bytes: Vec<u8>) -> (tempfile::TempDir, SshAgent, JoinHandle<()>) {
    agent(move |mut stream| {
        request(&mut stream);
        // Nobody has to read all of it.
        let _ = stream.write_all(&bytes);
    })
}

fn identities(keys: &[&[u8]]) -> Vec<u8> {
    let mut answer = vec![IDENTITIES_ANSWER];
    answer.extend(u32::try_from(keys.len()).unwrap().to_be_bytes());
    for key in keys {
        answer.extend([string(key), string(b"a comment")].concat());
    }
    answer
}

#[test]
fn a_key_is_found_and_signs_what_it_was_given() {
    let (_directory, mut agent, served) = agent(|mut stream| {
        assert_eq!(request(&mut stream), [REQUEST_IDENTITIES]);
        stream.write_all(&string(&identities(&[b"other", KEY]))).unwrap();
        let signed = request(&mut stream);
        assert_eq!(signed, [&[SIGN_REQUEST][..], &string(KEY), &string(b"data"), &[0, 0, 0, 4]].concat());
        // However slowly it comes.
        for byte in string(&[&[SIGN_RESPONSE][..], &string(b"signature")].concat()) {
            stream.write_all(&[byte]).unwrap();
        }
    });
    assert!(agent.holds(KEY).unwrap());
    assert_eq!(agent.sign(KEY, b"data").unwrap(), b"signature");
    served.join().unwrap();
}

#[test]
fn a_key_that_is_not_there_is_not_found() {
    // Nor where a comment is called so.
    let as_comment = [&[IDENTITIES_ANSWER, 0, 0, 0, 1][..], &string(b"other"), &string(KEY)].concat();
    for answer in [identities(&[]), identities(&[b"other"]), as_comment] {
        let (_directory, mut agent, _) = saying(string(&answer));
        assert!(!agent.holds(KEY).unwrap());
    }
}

#[test]
fn what_is_no_answer_is_not_taken_for_one() {
    let truncated = {
        let mut answer = identities(&[KEY]);
        answer.truncate(answer.len() - 1);
        answer
    };
    let many = [&[IDENTITIES_ANSWER][..], &[0xff; 4], &string(KEY), &string(b"")].concat();
    let trailing = [identities(&[KEY]), vec![0]].concat();
    for answer in [vec![], vec![IDENTITIES_ANSWER], truncated, many, trailing, vec![99], vec![SIGN_RESPONSE]]
    {
        let (_directory, mut agent, _) = saying(string(&answer));
        assert!(matches!(agent.holds(KEY), Err(AgentError::Garbage)), "{answer:?}");
    }
    let trailing = [&[SIGN_RESPONSE][..], &string(b"signature"), &[0]].concat();
    let long = [&[SIGN_RESPONSE][..], &[0, 0, 1, 0], b"short"].concat();
    let locked = vec![FAILURE, 0];
    for answer in [vec![], vec![SIGN_RESPONSE], trailing, long, locked, identities(&[KEY])] {
        let (_directory, mut agent, _) = saying(string(&answer));
        assert!(matches!(agent.sign(KEY, b""), Err(AgentError::Garbage)), "{answer:?}");
    }
    for length in [0, LONGEST + 1, u32::MAX] {
        let (_directory, mut agent, _) = saying(length.to_be_bytes().to_vec());
        assert!(matches!(agent.holds(KEY), Err(AgentError::Garbage)), "{length}");
    }
    let (_directory, mut agent, _) = saying(string(&[FAILURE]));
    assert!(matches!(agent.sign(KEY, b""), Err(AgentError::Refused)));
}

#[test]
fn an_agent_that_goes_away_is_told_from_one_that_is_slow() {
    for bytes in [vec![], vec![0, 0], [&[0, 0, 0, 9][..], &[SIGN_RESPONSE]].concat()] {
        let (_directory, mut agent, _) = saying(bytes);
        assert!(matches!(agent.sign(KEY, b""), Err(AgentError::Closed)));
    }
    // Neither one that says nothing nor one that always says a little more is waited for without end.
    for drips in [false, true] {
        let (_directory, mut agent, served) = agent(move |mut stream| {
            request(&mut stream);
            let _ = stream.write_all(&LONGEST.to_be_bytes());
            let mut over = [0];
            stream.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
            while !matches!(stream.read(&mut over), Ok(0)) {
                if drips && stream.write_all(&[0]).is_err() {
                    break;
                }
            }
        });
        agent.listing = Duration::from_millis(200);
        assert!(matches!(agent.holds(KEY), Err(AgentError::Slow)), "{drips}");
        drop(agent);
        served.join().unwrap();
    }
}

/// One that takes nothing: what is sent to it is bounded in time as well.
#[test]
fn an_agent_that_does_not_listen_is_not_waited_for() {
    let (_directory, mut agent, served) = agent(|mut stream| {
        let mut over = Vec::new();
        let _ = stream.set_read_timeout(Some(Duration::from_secs(60)));
        // Until nobody is there any more, and without reading what would make room.
        let _ = stream.peer_addr();
        thread::sleep(Duration::from_millis(400));
        let _ = stream.read_to_end(&mut over);
    });
    agent.signing = Duration::from_millis(200);
    assert!(matches!(agent.sign(KEY, &vec![0; 8 << 20]), Err(AgentError::Slow)));
    drop(agent);
    served.join().unwrap();
}

#[test]
fn nobody_is_no_agent() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["nothing", &"x".repeat(300), ""] {
        let path = directory.path().join(name);
        assert!(matches!(SshAgent::connect(&path), Err(AgentError::Absent { .. })), "{name}");
    }
}
