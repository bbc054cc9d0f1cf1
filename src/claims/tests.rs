//! Tests of the claims format: what each mistake says and where it points, and the round trip.

use proptest::prelude::*;

use super::*;

/// The error for `text`, and the part of the text that it points at.
fn refused(text: &str) -> (String, &str) {
    let error = Claims::from_toml(text).expect_err("the text holds a mistake");
    (error.to_string(), error.span().map_or("", |span| &text[span]))
}

#[test]
fn reads_the_documented_format() {
    let claims = Claims::from_toml(
        "schema = 1\n[claims]\nkill-durable-ack = \"b\"\nread-your-write = \"a\"\n",
    )
    .unwrap();
    assert_eq!(
        claims.iter().collect::<Vec<_>>(),
        [(Guarantee::ReadYourWrite, "a"), (Guarantee::KillDurableAck, "b")]
    );
    assert_eq!(claims.len(), 2);
    assert!(!claims.is_empty());
    assert_eq!(claims.get(Guarantee::Confined), None);
}

#[test]
fn writes_in_catalogue_order() {
    let claims =
        Claims::new().with(Guarantee::Confined, "never").with(Guarantee::ReadYourWrite, "always");
    assert_eq!(
        claims.to_toml(),
        "schema = 1\n\n[claims]\nread-your-write = \"always\"\nconfined = \"never\"\n"
    );
}

#[test]
fn points_at_an_unknown_guarantee_and_names_the_closest() {
    let (message, place) = refused("schema = 1\n[claims]\nkill-atomic-wirte = 'x'\n");
    assert_eq!(
        message,
        "unknown guarantee `kill-atomic-wirte`; expected an id of the catalogue, \
         did you mean `kill-atomic-write`?"
    );
    assert_eq!(place, "kill-atomic-wirte");
}

#[test]
fn points_at_every_other_mistake() {
    for (text, message, place) in [
        ("schema = 2\n[claims]", "schema 2 is unknown", "2"),
        ("schema = -1\n[claims]", "schema -1 is unknown", "-1"),
        ("schema = '1'\n[claims]", "`schema` is of type string", "'1'"),
        ("[claims]", "the key `schema` is missing", ""),
        ("schema = 1", "the key `claims` is missing", ""),
        ("schema = 1\nclaims = 3", "`claims` is of type integer", "3"),
        ("schema = 1\ncalims = 3", "unknown key `calims`", "calims"),
        ("schema = 1\n[claims]\nconfined = 3", "`confined` is of type integer", "3"),
        ("schema = 1\n[claims]\nconfined = ' '", "the claim `confined` has no sentence", "' '"),
        (
            "schema = 1\n[claims]\npower-durable-ack = { file-system = 'ext4' }",
            "the key `sentence` is missing",
            "",
        ),
        (
            "schema = 1\n[claims]\npower-durable-ack = { sentence = 's', filesystem = 'ext4' }",
            "unknown key `filesystem`; expected `sentence` and `file-system`",
            "filesystem",
        ),
        (
            "schema = 1\n[claims]\npower-durable-ack = { sentence = 's', file-system = 'zfs' }",
            "the claim `power-durable-ack` names the file system `zfs`; expected `ext4`",
            "'zfs'",
        ),
        (
            "schema = 1\n[claims]\nconfined = { sentence = 's', file-system = 'ext4' }",
            "the claim `confined` names the file system `ext4`; only claims about power loss",
            "'ext4'",
        ),
        ("schema = ", "the claims are not valid TOML", ""),
    ] {
        let (found, span) = refused(text);
        assert!(found.starts_with(message), "{text:?} gives {found:?}");
        assert_eq!(span, place, "{text:?}");
    }
}

proptest! {
    #[test]
    fn round_trips(claims in prop::collection::btree_map(
        prop::sample::select(Guarantee::ALL), "(?s)[!-~].{0,40}", 0..12,
    )) {
        let claims: Claims = claims.into_iter().collect();
        let claims = claims.on(Guarantee::PowerAtomicWrite, PersistenceModel::Xfs);
        prop_assert_eq!(Claims::from_toml(&claims.to_toml()), Ok(claims));
    }

    #[test]
    fn never_panics(text in "(?s).{0,60}") {
        let _ = Claims::from_toml(&text);
    }
}
