//! Speech in another language than English: told apart by what is said, and nothing untrue said of it.

use crate::support::Place;
use serde_json::{Value, json};

/// Five jobs in five minutes.
const SAID: &[(u32, &str)] = &[
    (2, "So, wir fangen heute mit der Heizung an, zuerst schalte ich den Strom am Sicherungskasten ab."),
    (9, "Den Gashahn unter dem Kessel drehe ich um eine Vierteldrehung zu."),
    (16, "Mit dem Spannungsprüfer kontrolliere ich, ob der Kessel wirklich spannungsfrei ist."),
    (25, "Die Verkleidung vom Kessel ist mit vier Schrauben befestigt, die löse ich jetzt."),
    (34, "Die Verkleidung ziehe ich nach vorne ab und stelle sie neben den Kessel."),
    (44, "Gut, der Kessel ist jetzt offen und sicher."),
    (56, "Als Nächstes reinigen wir den Siphon, da sammelt sich immer Schlamm."),
    (64, "Ich stelle einen Eimer unter den Siphon und schraube den Becher unten ab."),
    (73, "Der Siphon ist voller Schlamm, den spüle ich mit klarem Wasser aus."),
    (84, "Auch den Schlauch vom Siphon spüle ich durch, damit kein Schlamm darin bleibt."),
    (95, "Die Dichtung am Siphonbecher ist noch gut, die setze ich wieder ein."),
    (104, "Jetzt fülle ich den Siphon mit Wasser und schraube den Becher wieder fest."),
    (113, "Fertig, der Siphon ist dicht."),
    (126, "Nun tauschen wir den Filter an der Pumpe."),
    (133, "Vor dem Filter und hinter dem Filter schließe ich die beiden Ventile."),
    (142, "Die Überwurfmutter am Filtergehäuse löse ich mit zwei Zangen."),
    (151, "Den alten Filter ziehe ich heraus, der ist völlig verdreckt."),
    (160, "Der neue Filter kommt mit dem Pfeil zur Pumpe in das Gehäuse."),
    (170, "Die Überwurfmutter ziehe ich an und öffne die Ventile langsam."),
    (179, "Das Filtergehäuse bleibt trocken, die Pumpe läuft."),
    (192, "Jetzt kommt noch das Fenster dran, der Griff ist locker."),
    (200, "Die Abdeckung am Fenstergriff drehe ich zur Seite, darunter sind zwei Schrauben."),
    (210, "Die Schrauben vom Griff ziehe ich mit dem Schraubendreher fest."),
    (219, "Der Fensterflügel schleift unten am Rahmen, also stelle ich das Scharnier nach."),
    (229, "Mit dem Inbusschlüssel drehe ich am Scharnier, bis der Flügel frei läuft."),
    (239, "Das Fenster schließt wieder, der Griff sitzt fest."),
    (252, "Zum Schluss kontrolliere ich noch die Steckdose in der Küche."),
    (260, "Ich messe die Spannung an der Steckdose, zweihundertdreißig Volt sind da."),
    (270, "Der Schutzleiter an der Steckdose hat guten Kontakt."),
    (279, "Die Steckdose schraube ich wieder in die Dose und setze den Rahmen auf."),
    (289, "Damit sind wir fertig, vielen Dank fürs Zuschauen."),
];
/// Where a job begins after the first.
const JOBS: [f64; 4] = [56.0, 126.0, 192.0, 252.0];

fn extract(place: &Place, more: &[&str]) -> Value {
    let utterances: Vec<Value> =
        SAID.iter().map(|(start, text)| json!({ "start": start, "end": start + 6, "text": text })).collect();
    let file = place.write("german.json", json!({ "utterances": utterances }).to_string());
    place.json(&[&["extract", "--captions", file.to_str().unwrap()][..], more].concat(), "")
}

#[test]
fn what_is_read_by_english_words_is_not_judged_and_says_so() {
    let report = extract(&Place::new(), &[]);
    let criterion = |name: &str| {
        let all = report["criteria"].as_array().unwrap();
        all.iter().find(|c| c["name"] == name).unwrap_or_else(|| panic!("{report:#}"))
    };
    for name in ["completeness", "safety"] {
        let said = format!("The speech is not English, so {name} is not judged.");
        assert_eq!(
            (&criterion(name)["score"], &criterion(name)["sentence"]),
            (&Value::Null, &said.into()),
            "{report:#}"
        );
    }
    assert!(criterion("narration")["score"].as_f64().unwrap() > 50.0, "{report:#}");
    let summary = report["summary"].as_str().unwrap();
    assert!(summary.contains("What is said is not English"), "{summary}");
    let everything = report.to_string();
    for untrue in ["Nobody", "recaution is", "recautions are spoken", "could not be understood", "Nothing"] {
        assert!(!everything.contains(untrue), "{untrue}: {report:#}");
    }
}

#[test]
fn words_of_another_language_are_not_taken_for_fillers() {
    let all: String = SAID.iter().map(|(_, text)| format!("{text} ")).collect();
    for granularity in ["coarse", "fine"] {
        let report = extract(&Place::new(), &["--granularity", granularity]);
        let procedures = report["procedures"].as_array().unwrap();
        let described = procedures.iter().flat_map(|p| p["description"].as_str().unwrap().split_inclusive(". "));
        let described: Vec<&str> = described.map(str::trim).filter(|s| !s.is_empty()).collect();
        assert!(!described.is_empty(), "{report:#}");
        assert!(described.iter().all(|sentence| all.contains(sentence)), "{described:?}");
    }
}

#[test]
fn jobs_are_told_apart_by_what_is_named_and_announced() {
    for granularity in ["coarse", "fine"] {
        let report = extract(&Place::new(), &["--granularity", granularity]);
        let procedures = report["procedures"].as_array().unwrap();
        let starts: Vec<f64> = procedures.iter().map(|p| p["start_seconds"].as_f64().unwrap()).collect();
        let met = JOBS.iter().filter(|job| starts.iter().any(|start| (start - **job).abs() <= 15.0)).count();
        assert!(met >= 3 && starts.len() <= 8, "{granularity}: {starts:?}");
    }
}
