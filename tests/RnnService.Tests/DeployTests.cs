using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using k8s;
using k8s.Models;
using RnnService.Tests.TrainingJobs;

namespace RnnService.Tests;

/// <summary>What stands in <c>deploy/</c> fits Kubernetes' own types, the service's settings and what it measures.</summary>
public sealed partial class DeployTests(ServiceFixture fixture) : IClassFixture<ServiceFixture>
{
    private static readonly string s_deploy = Path.Combine(HouseTests.Root(), "deploy");

    // What Prometheus itself adds.
    private static readonly string[] s_prometheus = ["up", "instance", "job", "le"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Dashboard_and_alerts_name_only_what_the_service_measures()
    {
        var client = fixture.Client;
        await client.UploadSentencesAsync();
        await client.EndAsync(await client.StartJobAsync("""{"dataset":"sentences","model":"measured","network":{"hidden_size":4},"training":{"epochs":1}}"""));
        using var body = new StringContent("""{"inputs":["the film is dull"]}""", Encoding.UTF8, "application/json");
        (await client.PostAsync("/api/v1/models/measured/classify", body, Cancellation)).EnsureSuccessStatusCode();
        var metrics = await client.GetStringAsync("/metrics", Cancellation);
        var measured = Samples().Matches(metrics).Select(sample => sample.Groups["name"].Value).Concat(s_prometheus).ToHashSet();

        string[] expressions = [.. Dashboard(), .. Alerts()];

        Assert.InRange(expressions.Length, 10, int.MaxValue);
        foreach (var expression in expressions)
        {
            var named = Names(expression);
            Assert.NotEmpty(named);
            Assert.All(named, name => Assert.True(measured.Contains(name), $"{name} is not measured: {expression}"));
            Assert.All(Labels(expression), label => Assert.True(s_prometheus.Contains(label) || metrics.Contains($"{label}=\"", StringComparison.Ordinal), $"no series has the label {label}: {expression}"));
        }
    }

    [Fact]
    public void A_name_that_is_not_measured_would_be_found()
    {
        const string expression = """sum by (status) (rate(rnnservice_made_up_total{kind="x"}[5m])) / on (instance) up > 0 and 1""";
        Assert.Equal(["rnnservice_made_up_total", "up"], Names(expression));
        Assert.Equal(["instance", "kind", "status"], Labels(expression).Order());
    }

    [Fact]
    public async Task Manifests_are_Kubernetes_own_and_fit_together()
    {
        List<object> objects = [];
        foreach (var file in Directory.GetFiles(Path.Combine(s_deploy, "kubernetes"), "*.yaml").Where(file => !file.EndsWith("kustomization.yaml", StringComparison.Ordinal)))
            // Strict: a field that the type does not have is an error.
            objects.AddRange(KubernetesYaml.LoadAllFromString(await File.ReadAllTextAsync(file, Cancellation), strict: true));

        var secret = objects.OfType<V1Secret>().Single();
        var deployments = objects.OfType<V1Deployment>().ToDictionary(deployment => deployment.Metadata.Name);
        Assert.Equal(["rnnservice-api", "rnnservice-worker"], deployments.Keys.Order());
        foreach (var (name, deployment) in deployments)
        {
            var template = deployment.Spec.Template;
            Assert.True(IsSelected(deployment.Spec.Selector.MatchLabels, template));
            Assert.Contains(objects.OfType<V1PodDisruptionBudget>(), budget => budget.Metadata.Name == name && IsSelected(budget.Spec.Selector.MatchLabels, template));
            Assert.Contains(objects.OfType<V2HorizontalPodAutoscaler>(), scaler => scaler.Spec.ScaleTargetRef.Name == name && scaler.Spec.MinReplicas == deployment.Spec.Replicas);
            var container = template.Spec.Containers.Single();
            Assert.True(container.SecurityContext.ReadOnlyRootFilesystem);
            Assert.NotNull(container.LivenessProbe);
            Assert.NotNull(container.ReadinessProbe);
            Assert.All(container.Env.Where(variable => variable.ValueFrom is not null), variable => Assert.Contains(variable.ValueFrom.SecretKeyRef.Key, secret.StringData.Keys));
            // The service itself reads its settings.
            string[] settings = [.. container.Env.Select(variable => $"--{variable.Name.Replace("__", ":", StringComparison.Ordinal)}={variable.Value ?? "Host=database"}")];
            await using var built = Program.Build(["--urls=http://0.0.0.0:8080", .. settings.Select(setting => setting.Replace("AdminKey=Host=database", "AdminKey=key", StringComparison.Ordinal))]);
        }

        var service = objects.OfType<V1Service>().Single();
        Assert.True(IsSelected(service.Spec.Selector, deployments["rnnservice-api"].Spec.Template));
        Assert.Equal(service.Metadata.Name, objects.OfType<V1Ingress>().Single().Spec.Rules.Single().Http.Paths.Single().Backend.Service.Name);
    }

    private static bool IsSelected(IDictionary<string, string> selector, V1PodTemplateSpec template) =>
        selector.All(wanted => template.Metadata.Labels.TryGetValue(wanted.Key, out var value) && value == wanted.Value);

    private static IEnumerable<string> Dashboard()
    {
        using var dashboard = JsonDocument.Parse(File.ReadAllText(Path.Combine(s_deploy, "monitoring", "dashboard.json")));
        return [.. dashboard.RootElement.GetProperty("panels").EnumerateArray().SelectMany(panel => panel.GetProperty("targets").EnumerateArray()).Select(target => target.Text("expr"))];
    }

    private static IEnumerable<string> Alerts() => File.ReadLines(Path.Combine(s_deploy, "monitoring", "alerts.yml"))
        .Where(line => line.TrimStart().StartsWith("expr:", StringComparison.Ordinal)).Select(line => line.Trim()["expr:".Length..]);

    /// <summary>The metrics of a PromQL expression: names that are neither functions, nor words of the language, nor labels.</summary>
    private static string[] Names(string expression) =>
        [.. Words().Matches(LabelLists().Replace(Matchers().Replace(expression, ""), "")).Select(word => word.Value).Where(word => word is not ("and" or "or" or "unless" or "bool" or "offset")).Distinct()];

    private static string[] Labels(string expression) =>
    [
        .. MatchedLabels().Matches(expression).Select(label => label.Groups["name"].Value)
            .Concat(LabelLists().Matches(expression).SelectMany(list => list.Groups["labels"].Value.Split(',', StringSplitOptions.TrimEntries))).Distinct(),
    ];

    [GeneratedRegex(@"^(?<name>[a-z_]+)(\{.*\})? ", RegexOptions.Multiline)]
    private static partial Regex Samples();

    [GeneratedRegex(@"\{[^}]*\}|\[[^\]]*\]")]
    private static partial Regex Matchers();

    [GeneratedRegex(@"\b(by|without|on|ignoring)\s*\((?<labels>[^)]*)\)")]
    private static partial Regex LabelLists();

    [GeneratedRegex(@"(?<name>[a-z_]+)\s*(=~|!~|!=|=)\s*""")]
    private static partial Regex MatchedLabels();

    [GeneratedRegex(@"\b[a-z_][a-z_0-9]*\b(?!\s*\()")]
    private static partial Regex Words();
}
