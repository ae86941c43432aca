using System.Reflection;
using Xunit.Sdk;
using Xunit.v3;

namespace Rnn.Tests.Kernels;

/// <summary>Inline data with every <see cref="Width"/> in turn as the last argument.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class CombinatorialWidthsAttribute(params object[] data) : DataAttribute
{
    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker) =>
        ValueTask.FromResult<IReadOnlyCollection<ITheoryDataRow>>([.. Enum.GetValues<Width>().Select(w => new TheoryDataRow([.. data, w]))]);

    public override bool SupportsDiscoveryEnumeration() => true;
}
