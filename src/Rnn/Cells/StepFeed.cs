namespace Rnn.Cells;

/// <summary>
/// What takes part in a forward scan at every step because it needs the state on the way: attention that puts what it read into the next input,
/// or an output that becomes one; or in the backward scan alone, as a head whose gradient comes step by step. Its owner holds what it brings in and the gradients of that. Rows are those that reach step t.
/// </summary>
public abstract class StepFeed
{
    /// <summary>Whether inputs are complete only after <see cref="BeforeStep"/>, so that they are multiplied step by step; else it has nothing to do before a step.</summary>
    public virtual bool CompletesInputs => true;

    /// <summary>Completes the inputs of step t; <paramref name="h"/> <c>[rows, H]</c> is the state before it.</summary>
    public virtual void BeforeStep(int t, ReadOnlySpan<float> h)
    {
    }

    /// <summary>Looks at the state after step t.</summary>
    public virtual void AfterStep(int t, ReadOnlySpan<float> h)
    {
    }

    /// <summary>The way back of <see cref="AfterStep"/>: adds to the gradient of the state after step t.</summary>
    public virtual void AfterStepBackward(int t, Span<float> dh)
    {
    }

    /// <summary>The way back of <see cref="BeforeStep"/>: <paramref name="dx"/> <c>[rows, I]</c> is the whole gradient of the inputs; adds to that of the state before step t.</summary>
    public virtual void BeforeStepBackward(int t, ReadOnlySpan<float> dx, Span<float> dh)
    {
    }
}
