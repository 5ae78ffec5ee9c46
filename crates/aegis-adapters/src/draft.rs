//! A call while it is being read.
//!
//! What is wrong with it is noted, and the rest is read nevertheless: a refusal is answered by the call's id.

use aegis_engine::{Action, CallOrigin, parse_json};
use serde_json::{Map, Value};

use crate::answer_form::{AnswerForm, AnswerFrame};
use crate::call::{Call, Reading};
use crate::call_error::CallError;
use crate::format::CallFormat;
use crate::place::Place;

/// The longest id, in bytes. Those that APIs make have less than a hundred.
const LONGEST_ID: usize = 1024;
/// The parameter that says who called, where that was not the model itself.
const CALLER: &str = "_caller";
/// The parameter that says which group of tools the name belongs to.
const NAMESPACE: &str = "_namespace";

/// The parameter that holds what a server asked for before it would do the call.
const ANSWERS: &str = "_input_responses";

/// A call of which some is known.
#[derive(Debug)]
pub(crate) struct Draft {
    place: String,
    id: Option<String>,
    name: Option<String>,
    server: Option<String>,
    namespace: Option<String>,
    caller: Option<Value>,
    answers: Option<Value>,
    params: Map<String, Value>,
    params_place: String,
    form: AnswerForm,
    echoed: Map<String, Value>,
    was_run: bool,
    problem: Option<CallError>,
}

impl Draft {
    /// A call at this place, which is answered in this form.
    pub(crate) fn new(place: &Place<'_>, form: AnswerForm) -> Draft {
        Draft {
            place: place.pointer(),
            id: None,
            name: None,
            server: None,
            namespace: None,
            caller: None,
            answers: None,
            params: Map::new(),
            params_place: place.pointer(),
            form,
            echoed: Map::new(),
            was_run: false,
            problem: None,
        }
    }

    /// Something that cannot be decided about.
    pub(crate) fn refused(place: &Place<'_>, problem: CallError) -> Draft {
        Draft { problem: Some(problem), ..Draft::new(place, AnswerForm::Nothing) }
    }

    /// Notes what is wrong; the first problem is the one that is told.
    pub(crate) fn refuse(&mut self, problem: CallError) {
        self.problem.get_or_insert(problem);
    }

    fn noted<T>(&mut self, read: Result<T, CallError>) -> Option<T> {
        read.map_err(|problem| self.refuse(problem)).ok()
    }

    /// The provider ran it.
    pub(crate) fn run_by_provider(&mut self) {
        self.was_run = true;
        self.form = AnswerForm::Nothing;
    }

    /// Reads an id that must be there.
    pub(crate) fn id(&mut self, id: Result<Place<'_>, CallError>) {
        if let Some(id) = self.noted(id) {
            self.id_if_any(Some(id));
        }
    }

    /// Reads an id that may be absent.
    pub(crate) fn id_if_any(&mut self, id: Option<Place<'_>>) {
        let Some(place) = id else { return };
        let Some(id) = self.noted(place.name()) else { return };
        if id.len() > LONGEST_ID {
            self.refuse(CallError::TooLong { place: place.pointer(), limit: LONGEST_ID });
        } else {
            self.id = Some(id.to_owned());
        }
    }

    /// Takes an id that is no text of its own.
    pub(crate) fn id_text(&mut self, id: String) {
        self.id = Some(id);
    }

    /// Reads the name of the tool.
    pub(crate) fn name(&mut self, name: Result<Place<'_>, CallError>) {
        let name = self.noted(name.and_then(|name| name.name()));
        self.name = name.map(str::to_owned);
    }

    /// Takes the name of a tool that the format has a word of its own for.
    pub(crate) fn fixed_name(&mut self, name: &str) {
        self.name = Some(name.to_owned());
    }

    /// Reads the server whose tool it is.
    pub(crate) fn server(&mut self, server: Result<Place<'_>, CallError>) {
        let server = self.noted(server.and_then(|server| server.name()));
        self.server = server.map(str::to_owned);
    }

    /// Reads the group of tools that the name belongs to, if any: `y` of the group `x` is not `y`.
    pub(crate) fn namespace(&mut self, namespace: Option<Place<'_>>) {
        let Some(namespace) = namespace else { return };
        let namespace = self.noted(namespace.name());
        self.namespace = namespace.map(str::to_owned);
    }

    /// Reads who called, if that is said. The model itself, `direct`, is who calls otherwise, and not noted.
    pub(crate) fn caller(&mut self, caller: Option<Place<'_>>) {
        let Some(caller) = caller else { return };
        let Some(kind) = self.noted(caller.required("type").and_then(|kind| kind.name())) else { return };
        if kind != "direct" {
            self.caller = Some(caller.value().clone());
        }
    }

    /// Takes what the server was answered when it asked for more: it goes to the server with the call.
    pub(crate) fn answers(&mut self, answers: Option<Place<'_>>) {
        self.answers = answers.map(|answers| answers.value().clone());
    }

    /// Refuses a block that has a member which another program could take for one of these.
    pub(crate) fn spelt(&mut self, block: &Place<'_>, names: &[&str]) {
        self.noted(block.spelt(names));
    }

    /// Reads arguments that are an object.
    pub(crate) fn object(&mut self, arguments: Result<Place<'_>, CallError>) {
        let Some(arguments) = self.noted(arguments) else { return };
        self.params_place = arguments.pointer();
        if let Some(params) = self.noted(arguments.object()) {
            self.params = params.clone();
        }
    }

    /// Reads arguments that are JSON in a text.
    pub(crate) fn json_text(&mut self, arguments: Result<Place<'_>, CallError>) {
        let Some(arguments) = self.noted(arguments) else { return };
        self.params_place = arguments.pointer();
        let Some(text) = self.noted(arguments.text()) else { return };
        let place = || arguments.pointer();
        let read = match parse_json(text.as_bytes()) {
            Ok(Value::Object(params)) => Ok(params),
            Ok(other) => Err(CallError::WrongType {
                place: place(),
                expected: "the text of a JSON object",
                found: aegis_engine::type_name(&other),
            }),
            Err(source) => Err(CallError::Arguments { place: place(), source }),
        };
        if let Some(params) = self.noted(read) {
            self.params = params;
        }
    }

    /// Reads a text that is given as it is.
    pub(crate) fn free_text(&mut self, input: Result<Place<'_>, CallError>) {
        let text = self.noted(input.and_then(|input| input.text()));
        self.params = text.map(|text| ("input".to_owned(), Value::from(text))).into_iter().collect();
    }

    /// Takes everything that a block has but these members, and what is null.
    pub(crate) fn all_but(&mut self, block: &Place<'_>, names: &[&str]) {
        let Some(members) = self.noted(block.object()) else { return };
        let params =
            members.iter().filter(|(name, value)| !names.contains(&name.as_str()) && !value.is_null());
        self.params = params.map(|(name, value)| (name.clone(), value.clone())).collect();
    }

    /// Puts a member of the call into its answer, unchanged.
    pub(crate) fn echo(&mut self, name: &str, value: Option<Place<'_>>) {
        if let Some(value) = value {
            self.echoed.insert(name.to_owned(), value.value().clone());
        }
    }

    /// The call, read. `target` is what it acts upon where the call itself names no server.
    pub(crate) fn finish(mut self, format: CallFormat, target: Option<&str>) -> Call {
        let reading = match self.action(format, target) {
            Err(problem) => Reading::Refused(problem),
            Ok(action) if self.was_run => Reading::Observed(action),
            Ok(action) => Reading::Action(action),
        };
        let frame = AnswerFrame { form: self.form, echoed: self.echoed };
        Call { format, place: self.place, id: self.id, name: self.name, frame, reading }
    }

    fn action(&mut self, format: CallFormat, target: Option<&str>) -> Result<Action, CallError> {
        if let Some(problem) = self.problem.take() {
            return Err(problem);
        }
        let mut params = std::mem::take(&mut self.params);
        // Whether or not the call has them: a rule that goes by them must not be told something by the model.
        if let Some(name) = [CALLER, NAMESPACE, ANSWERS].into_iter().find(|name| params.contains_key(*name)) {
            return Err(CallError::Reserved { place: self.params_place.clone(), name });
        }
        params.extend(self.answers.take().map(|answers| (ANSWERS.to_owned(), answers)));
        params.extend(self.caller.take().map(|caller| (CALLER.to_owned(), caller)));
        let namespace = self.namespace.take();
        params.extend(namespace.clone().map(|namespace| (NAMESPACE.to_owned(), namespace.into())));
        let name = self.name.as_deref().ok_or_else(|| CallError::Missing { place: self.place.clone() })?;
        let server = self.server.take().or(namespace);
        let target = server.as_deref().or(target).unwrap_or(format.as_str());
        let mut action = Map::new();
        action.insert("type".to_owned(), name.into());
        action.insert("target".to_owned(), target.into());
        action.insert("params".to_owned(), Value::Object(params));
        // Through the same reader as any other action, so that the same limits hold. What is written here is
        // what was read: numbers keep their text.
        let read = Action::from_json(Value::Object(action).to_string().as_bytes())
            .map_err(|source| CallError::Action { place: self.place.clone(), source })?;
        Ok(read.of_call(CallOrigin::new(format.as_str(), self.id.as_deref())))
    }
}
