package aws

import (
	"piggysec.com/envlauncher/internal/reference"
	"piggysec.com/envlauncher/internal/secretstore"
)

// Questions sorts references by what they name, each source once. What the settings say of the Pod's own source counts only
// where a reference means it.
func Questions(references []string, settings secretstore.Settings) ([]Question, error) {
	var questions []Question
	places := map[reference.Source]int{}
	for _, text := range references {
		parsed, err := reference.Parse(text)
		if err != nil {
			return nil, err
		}
		place, isKnown := places[parsed.Source]
		if !isKnown {
			place = len(questions)
			places[parsed.Source] = place
			source, err := locate(parsed.Source, settings)
			if err != nil {
				return nil, err
			}
			questions = append(questions, Question{Source: source, IsOwn: parsed.Source.IsOwn(), CalledBy: reference.Call(text), MayBeMissing: true})
		}
		question := &questions[place]
		question.Wanted = append(question.Wanted, secretstore.Wanted{Reference: text, Key: parsed.Key, All: parsed.Prefix != nil})
		question.MayBeMissing = question.MayBeMissing && (parsed.Optional || parsed.Default != nil)
	}
	if _, hasOwn := places[reference.Source{}]; hasOwn && len(questions) == 1 {
		questions[0].CalledBy = ""
	}
	return questions, nil
}

func locate(named reference.Source, settings secretstore.Settings) (secretstore.Source, error) {
	if named.IsOwn() {
		return secretstore.ParseSource(settings)
	}
	return secretstore.Locate(named, settings)
}
