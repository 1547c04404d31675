//! What must happen when the disk is full, the folder read-only, or the user has enough of waiting.
#![cfg(unix)]

use crate::kit::{RATE_HZ, code, err, expect_code, folder, names, run, song, tool, write_song, write_wav};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

fn program() -> String {
    assert_cmd::cargo::cargo_bin("tonmeister").display().to_string()
}

fn shell(dir: &Path, script: &str) -> std::process::Output {
    let mut command = Command::new("sh");
    command.current_dir(dir).args(["-c", script]).env("TONMEISTER", program());
    command.stdin(Stdio::null()).output().expect("a shell")
}

/// Files of a folder that are no finished work.
fn leftovers(dir: &Path) -> Vec<String> {
    names(dir).into_iter().filter(|name| name.starts_with('.') || name.contains("tmp")).collect()
}

#[test]
fn a_file_that_may_not_grow_leaves_nothing() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 4.0);
    // Every write beyond 128 kB fails, the signal that would come with it is ignored.
    for blocks in [0, 1, 100, 256, 1000] {
        let limit = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$TONMEISTER\"");
        for call in ["master mix.wav --for spotify,cd -o m", "mix . -o m/print.wav"] {
            let output = shell(dir.path(), &format!("mkdir -p m; {limit} {call}"));
            expect_code(&output, 4);
            assert!(err(&output).contains("error: "), "{}", err(&output));
            assert!(
                names(&dir.path().join("m")).is_empty(),
                "{blocks} {call}: {:?}",
                names(&dir.path().join("m"))
            );
        }
    }
}

#[test]
fn a_full_disk_is_told_and_the_old_master_stays() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 6.0);
    let disk = dir.path().join("disk");
    fs::create_dir(&disk).unwrap();
    // In a mount namespace of its own, so that nothing is left mounted.
    let script = "mount -t tmpfs -o size=1m none disk || exit 99; echo old > disk/mix.spotify.wav;\n\
        \"$TONMEISTER\" master mix.wav --for spotify,cd -o disk --force; code=$?; ls -A disk; cat disk/mix.spotify.wav; exit $code";
    let args = ["-rm", "sh", "-c", script];
    let mut command = Command::new("unshare");
    let run = command.current_dir(dir.path()).args(args).env("TONMEISTER", program()).output();
    let Ok(output) = run.inspect_err(|error| println!("skipped: no unshare: {error}")) else { return };
    if code(&output) == 99 || err(&output).contains("unshare") {
        println!("skipped: no file system can be mounted: {}", err(&output));
        return;
    }
    expect_code(&output, 4);
    assert!(err(&output).contains("[disk_full]"), "{}", err(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "mix.spotify.wav\nold\n");
}

#[test]
fn a_folder_that_cannot_be_written_is_told_before_any_work() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 2.0);
    fs::write(dir.path().join("file"), "no folder").unwrap();
    for into in ["/proc/masters", "/dev/full", "file", "file/inside", "/proc/self"] {
        let output = run(dir.path(), ["master", "mix.wav", "--for", "cd", "-o", into]);
        assert!([2, 4].contains(&code(&output)), "{into}: {}", err(&output));
        assert!(err(&output).contains("error: "), "{into}: {}", err(&output));
    }
    for print in ["/proc/print.wav", "/dev/full", "/dev/null", "no/print.wav", "file/print.wav", "."] {
        let output = run(dir.path(), ["mix", "mix.wav", "-o", print]);
        assert_ne!(code(&output), 0, "{print}");
    }
    // A sealed folder seals nobody out who may do everything.
    let sealed = dir.path().join("sealed");
    fs::create_dir(&sealed).unwrap();
    shell(dir.path(), "chmod 555 sealed");
    if fs::write(sealed.join("probe"), "").is_ok() {
        println!("skipped: permissions do not bind this user");
        return;
    }
    let output = run(dir.path(), ["master", "mix.wav", "--for", "cd", "-o", "sealed"]);
    expect_code(&output, 4);
    assert!(err(&output).contains("[permission_denied]"), "{}", err(&output));
}

/// Starts a long job, waits until `stage` is told, sends `signal`; everything must be over within two seconds.
fn interrupt(dir: &Path, call: &[&str], stage: &str, signal: &str) {
    let mut child = Command::new(program())
        .current_dir(dir)
        .args(call)
        .arg("--progress=jsonl")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    for line in lines.by_ref().map_while(Result::ok) {
        said.push_str(&line);
        said.push('\n');
        if line.contains(&format!("\"{stage}\"")) {
            break;
        }
    }
    let sent = tool("kill", [signal, &child.id().to_string()]).is_some_and(|output| output.status.success());
    assert!(sent, "{stage} never came, or was over too soon: {said}");
    let rest = std::thread::spawn(move || lines.map_while(Result::ok).collect::<Vec<_>>().join("\n"));
    let mut status = None;
    for _ in 0..400 {
        status = child.try_wait().unwrap();
        if status.is_some() {
            break;
        }
        sleep(Duration::from_millis(5));
    }
    if status.is_none() {
        child.kill().unwrap();
    }
    let said = rest.join().unwrap();
    let status = status.unwrap_or_else(|| panic!("{call:?} {signal}: still running after two seconds"));
    assert_eq!(status.code(), Some(130), "{call:?} {signal}: {status:?} {said}");
    assert!(said.contains("[interrupted]"), "{said}");
}

#[test]
fn a_signal_stops_any_job_within_two_seconds_and_leaves_nothing() {
    let dir = folder();
    // Long enough that no stage is over before the signal comes.
    let ten = song(10.0);
    let long: Vec<Vec<f64>> = ten.iter().map(|plane| plane.repeat(18)).collect();
    fs::create_dir(dir.path().join("tracks")).unwrap();
    write_wav(&dir.path().join("tracks/mix.wav"), &long, RATE_HZ, 16);
    let master = ["master", "tracks/mix.wav", "--for", "spotify,cd", "-o", "m"];
    let calls: [(&[&str], &str, &str); 7] = [
        (&["measure", "tracks/mix.wav"], "measure", "-INT"),
        (&["check", "tracks"], "hand-over", "-TERM"),
        (&master, "hand-over", "-INT"),
        (&master, "listen", "-TERM"),
        (&master, "weigh levels", "-INT"),
        (&master, "masters", "-INT"),
        (&["master", "tracks/mix.wav", "--for", "cd", "-o", "m"], "master for cd", "-TERM"),
    ];
    for (call, stage, signal) in calls {
        interrupt(dir.path(), call, stage, signal);
        let m = dir.path().join("m");
        assert!(!m.exists() || names(&m).is_empty(), "{stage}: {:?}", names(&m));
    }
    for (call, stage, signal) in [
        (&["mix", "tracks", "-o", "print.wav"][..], "mix", "-INT"),
        (&["produce", "tracks", "--for", "cd", "-o", "out"], "mix", "-TERM"),
        (&["prepare", "tracks", "-o", "out"], "export", "-INT"),
    ] {
        interrupt(dir.path(), call, stage, signal);
        assert_eq!(
            names(dir.path()).iter().filter(|name| *name != "m").count(),
            1,
            "{:?}",
            names(dir.path())
        );
    }
}

#[test]
fn what_a_killed_run_left_is_swept_by_the_next() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 4.0);
    let m = dir.path().join("m");
    fs::create_dir(&m).unwrap();
    let mut kills = 0;
    for wait in [5, 20, 60, 100, 150, 250] {
        let call = ["master", "mix.wav", "--for", "spotify", "-o", "m", "--force", "-q"];
        let mut child =
            Command::new(program()).current_dir(dir.path()).args(call).stdout(Stdio::null()).spawn().unwrap();
        sleep(Duration::from_millis(wait));
        child.kill().unwrap();
        kills += u32::from(!child.wait().unwrap().success());
    }
    expect_code(&run(dir.path(), ["master", "mix.wav", "--for", "spotify", "-o", "m", "--force"]), 0);
    assert!(leftovers(&m).is_empty(), "after {kills} kills: {:?}", names(&m));
    expect_code(&run(dir.path(), ["master", "mix.wav", "--for", "spotify", "-o", "n"]), 0);
    let read = |folder: &str| fs::read(dir.path().join(folder).join("mix.spotify.wav")).unwrap();
    assert!(read("m") == read("n"), "and the file is the same");
}

#[test]
fn two_programs_writing_one_file_never_mix() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 3.0);
    let call = ["master", "mix.wav", "--for", "spotify", "-o", "m", "-q"];
    fs::create_dir(dir.path().join("m")).unwrap();
    let start = || {
        Command::new(program())
            .current_dir(dir.path())
            .args(call)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
    };
    let mut both = [start().unwrap(), start().unwrap()];
    let codes = both.each_mut().map(|child| child.wait().unwrap().code());
    assert!(
        codes.contains(&Some(0)) && codes.iter().all(|code| [Some(0), Some(4)].contains(code)),
        "{codes:?}"
    );
    expect_code(&run(dir.path(), ["master", "mix.wav", "--for", "spotify", "-o", "n"]), 0);
    let read = |folder: &str| fs::read(dir.path().join(folder).join("mix.spotify.wav")).unwrap();
    assert!(read("m") == read("n"));
    assert!(leftovers(&dir.path().join("m")).is_empty());
}

#[test]
fn the_surroundings_change_nothing() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 2.0);
    let render = |into: &str, setting: &str| {
        let output = shell(
            dir.path(),
            &format!("{setting} \"$TONMEISTER\" master mix.wav --for cd -o {into} --json > {into}.json"),
        );
        expect_code(&output, 0);
        let numbers = fs::read_to_string(dir.path().join(format!("{into}.json"))).unwrap();
        (
            fs::read(dir.path().join(into).join("mix.cd.wav")).unwrap(),
            numbers.replace(&format!("{into}/"), ""),
        )
    };
    let plain = render("plain", "");
    for (into, setting) in [
        ("german", "LC_ALL=de_DE.UTF-8 LANG=de_DE"),
        ("bare", "env -u HOME -u PATH LANG=C"),
        ("zone", "TZ=Pacific/Apia"),
        ("files", "ulimit -n 32;"),
    ] {
        assert!(render(into, setting) == plain, "{into}");
    }
}

/// A folder `songs` with two prints of six seconds.
fn two_songs(dir: &Path) {
    fs::create_dir(dir.join("songs")).unwrap();
    write_song(dir, "songs/01 One.wav", 6.0);
    write_song(dir, "songs/02 Two.wav", 5.0);
}

/// Everything below a folder, by its way from there; folders end in a slash.
fn tree(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for name in names(dir) {
        let path = dir.join(&name);
        if path.is_dir() {
            found.extend(tree(&path).into_iter().map(|own| format!("{name}/{own}")));
            found.push(format!("{name}/"));
        } else {
            found.push(name);
        }
    }
    found
}

#[test]
fn an_album_that_may_not_grow_leaves_nothing_of_any_set() {
    let dir = folder();
    two_songs(dir.path());
    expect_code(&run(dir.path(), ["album", "songs", "--propose", "-q"]), 0);
    // Fails in the text, in the papers, in the first song, in the second, in the image of the disc (2.3 MB).
    for blocks in [0, 8, 1000, 2500, 3500] {
        let limit = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$TONMEISTER\"");
        let output =
            shell(dir.path(), &format!("{limit} album songs/album.toml --for archive,cd,vinyl -o record"));
        expect_code(&output, 4);
        assert!(err(&output).contains("error: "), "{}", err(&output));
        assert_eq!(
            tree(dir.path()),
            ["songs/01 One.wav", "songs/02 Two.wav", "songs/album.toml", "songs/"],
            "{blocks}"
        );
    }
}

#[test]
fn an_album_that_cannot_be_named_in_the_middle_takes_its_names_back() {
    let dir = folder();
    two_songs(dir.path());
    expect_code(&run(dir.path(), ["album", "songs", "--propose", "-q"]), 0);
    // A folder where a late file belongs: names are given set by set, audio first, and the last set cannot have one of its own.
    for (taken, targets) in
        [("record/cd/ddp/DDPMS", "archive,cd"), ("record/archive/delivery.txt", "cd,archive")]
    {
        fs::create_dir_all(dir.path().join(taken).join("x")).unwrap();
        let output =
            run(dir.path(), ["album", "songs/album.toml", "--for", targets, "-o", "record", "--force"]);
        assert_ne!(code(&output), 0, "{taken}");
        let left = tree(&dir.path().join("record"));
        let files: Vec<&String> = left.iter().filter(|name| !name.ends_with('/')).collect();
        assert!(files.is_empty(), "{taken}: {left:?}");
        fs::remove_dir_all(dir.path().join("record")).unwrap();
    }
    // A set whose names appear while it is being made: nothing of another is replaced, nothing half stays.
    let script = "\"$TONMEISTER\" album songs/album.toml --for archive,cd -o record -q & job=$!; \
                  for n in $(seq 3000); do [ -e record/cd/ddp ] && break; sleep 0.01; done; echo mine > record/cd/ddp/PQDESCR; wait $job";
    let output = shell(dir.path(), script);
    expect_code(&output, 4);
    assert!(err(&output).contains("[exists]"), "{}", err(&output));
    assert_eq!(tree(&dir.path().join("record")), ["cd/ddp/PQDESCR", "cd/ddp/", "cd/"]);
    assert_eq!(fs::read_to_string(dir.path().join("record/cd/ddp/PQDESCR")).unwrap(), "mine\n");
}

#[test]
fn a_full_disk_in_the_middle_of_an_album_is_told_and_the_old_record_stays() {
    let dir = folder();
    two_songs(dir.path());
    expect_code(&run(dir.path(), ["album", "songs", "--propose", "-q"]), 0);
    fs::create_dir(dir.path().join("disk")).unwrap();
    // The files of the archive fit, those of the disc do not.
    let script = "mount -t tmpfs -o size=4500k none disk || exit 99; mkdir -p disk/record/archive; echo old > disk/record/album.toml;\n\
        \"$TONMEISTER\" album songs/album.toml --for archive,cd -o disk/record --force; code=$?; cd disk; find . -type f; cat record/album.toml; exit $code";
    let args = ["-rm", "sh", "-c", script];
    let mut command = Command::new("unshare");
    let run = command.current_dir(dir.path()).args(args).env("TONMEISTER", program()).output();
    let Ok(output) = run.inspect_err(|error| println!("skipped: no unshare: {error}")) else { return };
    if code(&output) == 99 || err(&output).contains("unshare") {
        println!("skipped: no file system can be mounted: {}", err(&output));
        return;
    }
    expect_code(&output, 4);
    assert!(err(&output).contains("[disk_full]"), "{}", err(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "./record/album.toml\nold\n");
}

#[test]
fn a_signal_stops_an_album_anywhere_and_leaves_nothing() {
    let dir = folder();
    let ten = song(10.0);
    let long: Vec<Vec<f64>> = ten.iter().map(|plane| plane.repeat(6)).collect();
    fs::create_dir(dir.path().join("songs")).unwrap();
    write_wav(&dir.path().join("songs/01 One.wav"), &long, RATE_HZ, 16);
    write_wav(&dir.path().join("songs/02 Two.wav"), &long, RATE_HZ, 16);
    let text = "version = 1\n[album]\ntitle = \"T\"\n[[song]]\nid = \"a\"\nfile = \"01 One.wav\"\n[[song]]\nid = \"b\"\nfile = \"02 Two.wav\"\n";
    fs::write(dir.path().join("songs/album.toml"), text).unwrap();
    let call = ["album", "songs/album.toml", "--for", "spotify,cd", "-o", "record"];
    for (stage, signal) in [
        ("listen", "-INT"),
        ("weigh levels", "-TERM"),
        ("album for spotify", "-INT"),
        ("album for cd", "-TERM"),
    ] {
        interrupt(dir.path(), &call, stage, signal);
        assert!(!dir.path().join("record").exists(), "{stage}: {:?}", tree(&dir.path().join("record")));
    }
}
