//! The report as one HTML file that needs nothing else: for the audit's folder.

use super::rehearse_json::RehearsalV1;

/// What the page shows.
pub struct Page<'a> {
    pub told: &'a RehearsalV1,
}

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;\
color:#1a1a1a;background:#fff}h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}table{border-collapse:\
collapse}td,th{border:1px solid #ccc;padding:.3rem .6rem;text-align:left}.meter{font-size:2rem;font-weight:600}\
.good{color:#0a6b2d}.bad{color:#b00020}.lane{position:relative;height:1.6rem;background:#f3f3f3;margin:.2rem 0}\
.bar{position:absolute;top:0;height:100%;background:#3b6ea8;min-width:2px}.name{position:absolute;left:.4rem;\
top:.15rem;font-size:.85rem;mix-blend-mode:multiply}@media(prefers-color-scheme:dark){body{background:#111;\
color:#eee}.lane{background:#222}td,th{border-color:#444}.good{color:#5bd68a}.bad{color:#ff7b8a}\
.name{mix-blend-mode:normal}}";

/// The page's bytes.
pub fn page(page: &Page<'_>) -> String {
    let told = page.told;
    let outage = &told.outage;
    let good = if outage.refused == 0 { "good" } else { "bad" };
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>keyslot: rotation {id}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head><body>\n\
         <h1>Rotation {id}: {from} to {to}, {state}</h1>\n\
         <p>Rehearsed by {driver} on world <code>{digest}</code>: {minutes:.0} minutes of the world in \
         {wall:.0} s.</p>\n\
         <h2>Outage meter</h2>\n<p class=\"meter {good}\">{refused} refused</p>\n\
         <p>{served} requests served, {after} of them after the regeneration.{first}</p>\n",
        id = escape(&told.rotation.id),
        from = escape(&told.rotation.from),
        to = escape(&told.rotation.to),
        state = escape(&told.rotation.state),
        driver = escape(&told.driver),
        digest = escape(&told.world_digest),
        minutes = told.simulated_seconds / 60.0,
        wall = told.wall_seconds,
        refused = outage.refused,
        served = outage.served,
        after = outage.served_after_regeneration,
        first = outage
            .first_refused_at
            .as_ref()
            .map(|at| format!(" The first refusal was at {}.", escape(at)))
            .unwrap_or_default(),
    );
    html.push_str(
        "<h2>Stamps</h2>\n<table><tr><th>stamp</th><th>key vault</th><th>pods</th><th>restarted</th></tr>\n",
    );
    for stamp in &told.stamps {
        html.push_str(&format!(
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
            escape(&stamp.name),
            escape(&stamp.vault_slot),
            escape(&stamp.pods_slot),
            if stamp.restarted { "yes" } else { "no" }
        ));
    }
    html.push_str("</table>\n<h2>Course</h2>\n");
    html.push_str(&lanes(told));
    html.push_str("<h2>Regenerated</h2>\n<ul>\n");
    for one in &told.account.regenerated {
        html.push_str(&format!("<li>{} at {}</li>\n", escape(&one.kind), escape(&one.at)));
    }
    html.push_str("</ul>\n</body></html>\n");
    html
}

/// One lane a phase, to scale.
fn lanes(told: &RehearsalV1) -> String {
    let second = |text: &Option<String>| {
        text.as_ref().and_then(|text| text.parse::<jiff::Timestamp>().ok()).map(|at| at.as_second())
    };
    let times: Vec<i64> = told
        .rotation
        .steps
        .iter()
        .flat_map(|step| [second(&step.started), second(&step.ended)])
        .flatten()
        .collect();
    let (Some(first), Some(last)) = (times.iter().min(), times.iter().max()) else { return String::new() };
    let whole = (last - first).max(1) as f64;
    let mut html = String::new();
    for step in &told.rotation.steps {
        let bar = match (second(&step.started), second(&step.ended)) {
            (Some(started), Some(ended)) => format!(
                "<div class=\"bar\" style=\"left:{:.2}%;width:{:.2}%\"></div>",
                (started - first) as f64 * 100.0 / whole,
                (ended - started) as f64 * 100.0 / whole
            ),
            _ => String::new(),
        };
        html.push_str(&format!(
            "<div class=\"lane\">{bar}<span class=\"name\">{} ({}){}</span></div>\n",
            escape(&step.step),
            escape(&step.outcome),
            step.started.as_ref().map(|at| format!(", from {}", escape(at))).unwrap_or_default()
        ));
    }
    html
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
