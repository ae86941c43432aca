using Rnn.Models;

namespace Rnn.Tests.Models;

internal static class Networks
{
    /// <summary>A network with weights drawn from the seed.</summary>
    public static SequenceClassifier Of(SequenceClassifierConfig config, ulong seed)
    {
        var network = new SequenceClassifier(config);
        network.Initialize(seed);
        return network;
    }
}
