using Rnn.Data;

namespace Rnn.Baselines;

/// <summary>A competitor that answers with a class and that no network should lose to.</summary>
public interface IClassBaseline
{
    /// <summary>Its class for a step of an input; where a whole input has one class, the position does not count.</summary>
    int Answer(Sequence input, int position);
}
