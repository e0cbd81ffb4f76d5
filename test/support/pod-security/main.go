// Command pod-security judges pods as the API server of a Kubernetes version would, by its own rules.
// It reads a review as JSON from its input and writes a verdict on each pod, in their order.
package main

import (
	"encoding/json"
	"log"
	"os"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

type review struct {
	// Of the API server, such as v1.36: the rules that came later are not in force.
	Version string
	Pods    []struct {
		// They name the level, and perhaps a version.
		NamespaceLabels map[string]string
		Pod             corev1.PodTemplateSpec
	}
}

type verdict struct {
	Allowed bool   `json:"allowed"`
	Because string `json:"because"`
}

// What Kubernetes does in a namespace without labels.
var unlabelled = api.Policy{
	Enforce: api.LevelVersion{Level: api.LevelPrivileged, Version: api.LatestVersion()},
}

func main() {
	var asked review
	must(json.NewDecoder(os.Stdin).Decode(&asked))
	version, err := api.ParseVersion(asked.Version)
	must(err)
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), &version)
	must(err)

	verdicts := []verdict{}
	for _, one := range asked.Pods {
		namespace, problems := api.PolicyToEvaluate(one.NamespaceLabels, unlabelled)
		must(problems.ToAggregate())
		checks := evaluator.EvaluatePod(namespace.Enforce, &one.Pod.ObjectMeta, &one.Pod.Spec)
		result := policy.AggregateCheckResults(checks)
		verdicts = append(verdicts, verdict{result.Allowed, result.ForbiddenDetail()})
	}
	must(json.NewEncoder(os.Stdout).Encode(verdicts))
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
