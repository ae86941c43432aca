namespace Rnn.Tests.Golden;

/// <summary>What an implementation computed for a case, under the names of the file.</summary>
internal sealed class GoldenResult
{
    public Dictionary<string, double[]> Outputs { get; } = [];
    public Dictionary<string, double[]> Gradients { get; } = [];

    public void Output(string name, IEnumerable<float> values) => Outputs[name] = [.. values.Select(v => (double)v)];
    public void Gradient(string name, IEnumerable<float> values) => Gradients[name] = [.. values.Select(v => (double)v)];

    /// <summary>Every array of the file must be there and agree: |got - want| ≤ atol + rtol |want|, element by element.</summary>
    /// <param name="golden">The case.</param>
    /// <param name="share">Part of the tolerance that may be used; a double-precision computation needs little of it.</param>
    /// <param name="except">Names this implementation has no place for; each must be explained where it is given.</param>
    public void AssertMatches(GoldenCase golden, double share = 1, params string[] except)
    {
        AssertAll(golden.Outputs, Outputs, "outputs");
        AssertAll(golden.Gradients, Gradients, "grads");

        void AssertAll(IReadOnlyDictionary<string, GoldenTensor> wanted, Dictionary<string, double[]> got, string group)
        {
            var (relative, absolute) = golden.Tolerance(group);
            foreach (var (name, want) in wanted.Where(w => !except.Contains(w.Key)))
            {
                Assert.True(got.ContainsKey(name), $"{golden.Name}: no {group}/{name}; there are {string.Join(", ", got.Keys)}");
                AssertClose($"{golden.Name} {group}/{name}", want.Values, got[name], relative * share, absolute * share);
            }
        }
    }

    public static void AssertClose(string what, IReadOnlyList<double> want, IReadOnlyList<double> got, double relative, double absolute)
    {
        Assert.True(want.Count == got.Count, $"{what}: {got.Count} values, expected {want.Count}");
        for (var i = 0; i < want.Count; i++)
            Assert.True(Math.Abs(got[i] - want[i]) <= absolute + relative * Math.Abs(want[i]),
                $"{what}[{i}]: got {got[i]:R}, want {want[i]:R}, off by {Math.Abs(got[i] - want[i]):E2}, allowed {absolute + relative * Math.Abs(want[i]):E2}");
    }
}
